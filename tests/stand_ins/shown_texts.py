"""The nodes' English texts, from their schemas; run, it writes them into locales/ and says what Chinese lacks.

python -m tests.stand_ins.shown_texts        (make texts)
"""

import asyncio
import importlib
import json
import tempfile
from pathlib import Path

from . import comfy_stand_in

LOCALES = Path(__file__).resolve().parents[2] / "locales"


def shown_texts(schemas) -> dict:
    """What locales/<language>/nodeDefs.json has to hold, with the schemas' English."""
    return {
        schema.node_id: {
            "display_name": schema.display_name,
            "description": schema.description,
            "inputs": {each.id: {"name": each.id, "tooltip": each.options["tooltip"]} for each in schema.inputs},
            "outputs": {
                str(index): {"name": each.id, "tooltip": each.tooltip} for index, each in enumerate(schema.outputs)
            },
        }
        for schema in schemas
    }


def leaves(tree, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], str]:
    """Every text of a translation file by its path."""
    if isinstance(tree, dict):
        return {key: value for name, below in tree.items() for key, value in leaves(below, (*path, name)).items()}
    return {path: tree}


def main() -> None:
    with tempfile.TemporaryDirectory() as models, comfy_stand_in.installed(Path(models)):
        pack = importlib.import_module("prompt_beautifier")
        nodes = asyncio.run(asyncio.run(pack.comfy_entrypoint()).get_node_list())
        english = shown_texts(node.define_schema() for node in nodes)
    path = LOCALES / "en" / "nodeDefs.json"
    before = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(english, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    chinese = leaves(json.loads((LOCALES / "zh" / "nodeDefs.json").read_text(encoding="utf-8")))
    now, earlier = leaves(english), leaves(before)
    for key in now:
        if key not in chinese:
            print("missing in zh:", " / ".join(key), "|", now[key])
        elif now[key] != earlier.get(key, now[key]):
            print("changed, look at zh:", " / ".join(key), "|", now[key])
    for key in chinese.keys() - now.keys():
        print("no longer in en:", " / ".join(key))


if __name__ == "__main__":
    main()
