"""The table of Danbooru tags that the embedded writer ships: safe general tags, and names it must recognise.

Reads a list of tags (tag, category, count, "aliases") and writes a gzipped TSV: tag, category (g general, c character
or copyright), aliases. Left out are rare tags, and every tag with a word of the safety lists or of `UNSAFE_TAGS`, so
that a tag which the writer may add is a tag of this table.

    python -m prompt_beautifier.training.data.tag_table danbooru_tags.csv beautifier/composing/tags.tsv.gz
"""

import csv
import gzip
import io
import re
from collections.abc import Iterable
from pathlib import Path

from ..run.options import as_command, new_parser
from .safety import UNSAFE

# What Danbooru calls by words of its own, or what is not wanted without being asked for.
UNSAFE_TAGS = frozenset(
    """ahegao anal armpit armpits anus areolae areola assless ballsack bdsm bestiality bikini bound boyshorts bra
    braless breast breasts breastless bukkake bulge buruma butt buttplug cameltoe censor censored censoring
    chastity cleavage clitoris condom condoms cowgirl crossdressing crossdresser crossed-legs cum cumdrip
    cunnilingus decensored defecation dildo dominatrix ejaculation enema erect erection exhibitionism
    facesitting facial fart fellatio fingering flashing footjob fondling fucked futanari fundoshi gag gagged
    gangbang garter gloryhole groin groping guro gape handjob hetero hitachi huge humping hypnosis impregnation
    incest insertion irrumatio jack-o' kneepits lactation leash licking lingerie loli lolidom masturbation micro
    midriff missionary milking molestation navel navels netorare nipple nipples nude nudity onahole orgasm oral
    oppai paizuri panties panty pantyshot pantylines pantyhose penetration penis pregnant precum pubic pussy
    rape revealing r-18 saliva scat seductive see-through sex sexually shota sideboob skindentation slave smegma
    spanked spanking spread sperm steaming sticky stomach strapless stripper stripped strip suggestive swimsuit
    tentacle testicles thigh thighs thong threesome tickling topless torture trembling tribadism underboob
    underwear undressed undressing uncensored upshirt upshorts upskirt urethra urine vaginal vibrator voyeurism
    vore wedgie whip x-ray xray yaoi yuri zettai injury corpse death blood bleeding suicide guts gore wound
    amputee decapitation severed hanging noose bruise smoking cigarette drugs drunk alcohol skimpy microskirt
    microdress micro-bikini babydoll negligee leotard highleg bodystocking fishnet fishnets latex bunnysuit
    playboy bare groan moan moaning drooling heavy breathing sweatdrop sweat wet nosebleed cum-lube taur futa
    bisexual ass cleft bimbo milf gyaru mesugaki brat flat chest chested bust bustier corset nontraditional-miko
    panchira nopan noshirt no-panties no-bra barefoot feet soles toes foot armpit_hair hair-pull choke choking
    strangling abuse slap slapping kiss kissing couple cuddling hug hugging sugarcoat girl-on-top boy-on-top
    lap-pillow implied after-sex before-sex aftersex sexual penises peeing pee poop toilet diaper gokkun blush-
    fetish fetish femdom maledom humiliation prostitution bed-invitation crotchless crotch cutout position theft
    meme pervert perverted bodysuit nazi swastika hitler nsfw underage watermark signature username commentary
    artist twitter patreon fanbox pixiv dated""".split()
)
FINE = frozenset(
    """wet_ground wet_hair feather-trimmed fur-trimmed huge_weapon spread_wings spread_arms wing_spread bare_tree
    hanging_plant heavy_rain ice_hanging_lantern hanging_lantern hanging_light foot_of_mountain whipped_cream
    huge_moon wall_hanging hanging_scroll steaming_food heavy_weapon footprints couple_(food) heavy_machine_gun
    bruised_fruit bare_shoulders_(none)""".split()
)
# Of the tags about the file itself only those that name a medium.
MEDIA = frozenset("traditional_media mixed_media photo game_screenshot scan".split())
LEAST_GENERAL, LEAST_NAME, LONGEST_ALIAS = 100, 500, 28
GENERAL, COPYRIGHT, CHARACTER, META = "0", "3", "4", "5"


def is_safe(tag: str) -> bool:
    """Whether a tag has no word of the lists."""
    if tag in FINE:
        return True
    words = set(re.findall(r"[a-z0-9'-]+", tag.lower()))
    parts = {part for word in words for part in word.split("-")}
    return not (words | parts) & (UNSAFE | UNSAFE_TAGS)


def table(rows: Iterable[list[str]]) -> list[tuple[str, str, str]]:
    """(tag, "g" or "c", aliases) of the rows that are kept, tags with blanks, the most frequent first."""
    kept = []
    for tag, category, count, aliases, *_ in rows:
        if category == META and (tag.endswith("_(medium)") or tag in MEDIA):
            category = GENERAL
        least = LEAST_GENERAL if category == GENERAL else LEAST_NAME
        if category not in (GENERAL, COPYRIGHT, CHARACTER) or int(count) < least or not is_safe(tag):
            continue
        also = [a for a in aliases.split(",") if a and a.isascii() and len(a) <= LONGEST_ALIAS and is_safe(a)]
        kept.append((int(count), tag, "g" if category == GENERAL else "c", also))
    kept.sort(key=lambda row: -row[0])
    blank = lambda text: text.replace("_", " ") if len(text) > 3 else text  # noqa: E731  (emoticons keep theirs)
    return [(blank(tag), kind, ",".join(dict.fromkeys(map(blank, also)))) for _, tag, kind, also in kept]


def write(rows: list[tuple[str, str, str]], path: Path) -> None:
    """Write the table, gzipped, the same bytes for the same rows."""
    text = "".join("\t".join(row) + "\n" for row in rows)
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=packed, mode="wb", compresslevel=9, mtime=0) as file:
        file.write(text.encode())
    path.write_bytes(packed.getvalue())


def main(argv: list[str] | None = None) -> None:
    parser = new_parser(__doc__)
    parser.add_argument("tags", type=Path, help="CSV of tag, category, count, aliases")
    parser.add_argument("table", type=Path, help="the .tsv.gz to write")
    args = parser.parse_args(argv)
    with open(args.tags, encoding="utf-8-sig", newline="") as lines:
        rows = table(csv.reader(lines))
    write(rows, args.table)
    print(f"{len(rows):,} tags, {args.table.stat().st_size:,} bytes")


if __name__ == "__main__":
    as_command("tag_table", main)
