r"""What may stand in a prompt besides words: one row a kind, in the order in which the kinds are looked for.

A prompt is read from left to right. A character of `starts` gives a row's syntax away; `pattern` must then match, from
that character on or, with `whole_chunk`, from the start of the run of characters it is in. With `closes` the syntax
goes on to the partner of the bracket at the end of the match. Parentheses, which weigh the words inside, are read by
syntax.py itself.

What becomes of a kind (`treatment`):

    HIDDEN   a writer does not see it, or sees a neutral word in its place where a thing is due ("a photo of __pet__")
    SHOWN    a writer sees the words inside; where an answer says them the syntax comes back
    DIVIDES  a border: what stood before it and what stood behind it stay there
    LINE     a line of its own, unseen
    TYPED    plain text that a writer sees and that comes back letter by letter
"""

from dataclasses import dataclass

HIDDEN, SHOWN, DIVIDES, LINE, TYPED = "hidden", "shown", "divides", "line", "typed"

NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)"
# Where a word, a tag or an emoticon may begin and end.
BEGINS = r"(?<![^\s,(|{\[])"
ENDS = r"(?=[\s,.!?)|}\]]|$)"
# The ranges of pictures among the letters; the row of them is found by its first sign.
EMOJI = "☀-➿⬀-⯿🀀-🃿🄰-🆏🆑-🇿🌀-🛿🝀-🫿"
# A name of a character or a series, as taggers write it.
NAME = r"[^\W_][\w.'’:!&+/-]{0,40}"


@dataclass(frozen=True)
class Row:
    """One kind of syntax.

    kind         its name, which Piece.kind has
    treatment    HIDDEN, SHOWN, DIVIDES, LINE or TYPED
    tools        whose syntax it is
    starts       the characters that give it away
    pattern      what must be there
    examples     each of which is one piece of this kind
    closes       the bracket that ends it, where its text goes on to the partner of an opened one; or the two
                 characters that do
    whole_chunk  whether the pattern begins where the run of characters begins
    is_text      whether words take its place before the image model reads the prompt, so that it may be the subject
    """

    kind: str
    treatment: str
    tools: str
    starts: str
    pattern: str
    examples: tuple[str, ...]
    closes: str = ""
    whole_chunk: bool = False
    is_text: bool = False


TABLE: tuple[Row, ...] = (
    Row(
        "comment", LINE, "ComfyUI's own text boxes, rgthree, Impact Pack",
        "/", r"(?:(?<=\s)|^)//(?:[^\n]*[^\s])?",
        ("// a note",),
    ),
    Row(
        "block comment", LINE, "ComfyUI's own text boxes",
        "/", r"/\*",
        ("/* a note */",),
        closes="*/",
    ),
    Row(
        "comment line", LINE, "Impact Pack, dynamic prompts, prompt-control",
        "#", r"#(?!(?:[0-9a-fA-F]{3,4}){1,2}(?!\w))[^\n]*",
        ("# v1 by someone", "#v1 by someone"),
    ),
    Row(
        "definition", LINE, "prompt fusion",
        "$", r"\$[A-Za-z_]\w{0,60}(?:\([^()\n]{0,200}\))?\s?=[^\n]*",
        ("$pet = a small dog",),
    ),
    # -- emoticons before brackets, which some of them have
    Row(
        "emoticon", HIDDEN, "danbooru's tags, chat",
        r":;=<>^|\¯",
        BEGINS + r"(?:[>}]?[:;=][-'’^]?(?:(?:\\?\)){1,3}|(?:\\?\(){1,3}(?=[\s,]|$)|\\(?![()])"
        r"|[D|/\[\]<>@$*PpOo3cCqTtdxX])|</?3+"
        r"|[><;|^]_+[<>;|^]|>[.wo]<|\^[.o]?\^|<[o|]>_<[o|]>|\\[om]/|¯\\_\(ツ\)_/¯)" + ENDS,
        (":d", ":3", ";3", "<3", ">_<", "^_^", ";_;", ":o", ":p", "|_|", "^^", ">w<", "\\o/", ":)", ";)", ">:(", ":("),
    ),
    Row(
        "emoticon of letters", HIDDEN, "danbooru's tags, chat",
        "_:", BEGINS + r"(?:(?P<eye>[oO0TtuUxXnN@+=*~.-])_+(?:(?P=eye)|(?<=[oO0]_)[oO0])|D:)" + ENDS,
        ("o_o", "@_@", "-_-", "T_T", "+_+", "0_0", "o_O", "D:"),
        whole_chunk=True,
    ),
    # -- angle brackets
    Row(
        "sent to the negative", HIDDEN, "sd-webui-prompt-postprocessor, One Button Prompt",
        "<", r"<!",
        ("<!assassins creed!>",),
        closes="!>",
    ),
    Row(
        "command", HIDDEN, "sd-webui-prompt-postprocessor",
        "<", r"<ppp:(?P<ppp>if|stn|set|echo|ext)\b[^<>]{0,200}>(?:[^<]|<(?!/?ppp:(?P=ppp)\b|ppp:/(?P=ppp)\b)){0,2000}"
        r"<(?:ppp:/|/ppp:)(?P=ppp)>",
        ("<ppp:stn>blurry<ppp:/stn>", "<ppp:if _is_sdxl>a<ppp:else>b<ppp:/if>"),
    ),
    Row(
        "dividing tag", DIVIDES, "SwarmUI, Forge Couple",
        "<", r"<(?i:break|sep|base|refiner|video|videoswap|segment|object|region|extend|clear)(?=[\s:\[>])",
        ("<break>", "<SEP>", "<segment:face,0.6>", "<region:0,0,0.5,1>", "<refiner>"),
        closes=">",
    ),
    Row(
        "tag of text", HIDDEN, "SwarmUI, prompt-control, textual inversion",
        "<",
        r"<(?i:fromto|random|alternate|alt|wildcard|wc|var|macro|setvar|setmacro|repeat|embed|emb|preset|p)(?=[:\[])",
        ("<fromto[0.5]:cat,dog>", "<random:red, blue>", "<random: dwarf <lora:RPG:0.5>, half-orc>", "<alt:cat|dog>",
         "<wildcard:pets>", "<var:pet>", "<setvar[pet]:<random:cat,dog>>", "<embed:nice>"),
        closes=">", is_text=True,
    ),
    Row(
        "token", HIDDEN, "textual inversion",
        "<", r"<[A-Za-z][\w-]{0,60}>",
        ("<cat-toy>", "<trigger>"),
        is_text=True,
    ),
    Row(
        "network", HIDDEN, "LoRA loaders, SwarmUI, prompt-control",
        "<", r"<(?=/?[A-Za-z][\w.-]{0,40}(?:[:\[>]|\s?/?>))",
        ("<lora:name:0.8>", "<lora:na me:0.8:0.5>", "<lyco:x:1>", "<hypernet:y:1>", "<param[cfgscale]:5>",
         "<comment:for later>", "</from>"),
        closes=">",
    ),
    # -- square brackets
    Row(
        "separator", DIVIDES, "Impact Pack",
        "[", r"\[SEP(?::\w{1,20})?\]",
        ("[SEP]", "[SEP:R]"),
    ),
    Row(
        "mark", HIDDEN, "Impact Pack",
        "[", r"\[(?:LAB|ALL|ASC|DSC|ASC-SIZE|DSC-SIZE|RND|CONCAT|SKIP|STOP)\]",
        ("[LAB]", "[ASC-SIZE]"),
    ),
    Row(
        "schedule", HIDDEN, "prompt-control, A1111, prompt fusion",
        "[", r"\[",
        ("[cat:dog:0.5]", "[cow|horse]", "[cat|dog:0.1]", "[large::0.1]", "[:a hat:0.5]", "[a hat:10]",
         "[<lora:add_detail:.6>:0.3]", "[red:[blue::0.7]:0.5]", "[SEQ:a:0.2:b:0.8]", "[dog:cat:SECOND_PASS]",
         "[a:b:c: 1, 2, 3:mean]", "[CUT:white cat:white]"),
        closes="]", is_text=True,
    ),
    Row(
        "number before", SHOWN, "NovelAI",
        ":.", rf"(?<!\w){NUMBER}::(?!\s*::)(?:[^:\n]|:(?!:)){{1,300}}?(?<![\d.])::",
        ("1.2::red hair::", "-1::a hat::", "0.5::rain, fog ::"),
        whole_chunk=True,
    ),
    Row(
        "number begins", HIDDEN, "NovelAI",
        ":.", rf"(?<!\w){NUMBER}::(?=\s?[^\W\d_])",
        (),  # only before a word, without an end: "1.2::red hair, blue eyes"
        whole_chunk=True,
    ),
    Row(
        "less weight", SHOWN, "A1111, prompt-control",
        "[", r"\[",
        ("[a blue hat]", "[[far away]]"),
        closes="]",
    ),
    # -- braces and underscores
    Row(
        "choice", HIDDEN, "ComfyUI's own text boxes, Impact Pack, dynamic prompts",
        "{$%", r"[$%]?\{",
        ("{red|blue}", "{2$$a|{b|c}|d}", "{0.5::a|2::b}", "${pet=!{cat|dog}}", "${pet}", "%{a $$ b}",
         "{__season__,__outdoor__|__indoor__}"),
        closes="}", is_text=True,
    ),
    Row(
        "alternatives", HIDDEN, "NovelAI",
        "|", r"\|\|[^|\n]{1,80}(?:\|[^|\n]{1,80}){1,20}\|\|",
        ("||red|blue||",),
        is_text=True,
    ),
    Row(
        "more weight", SHOWN, "NovelAI",
        "{", r"\{",
        ("{red hair}", "{{{a cat}}}"),
        closes="}",
    ),
    Row(
        "wildcard", HIDDEN, "Impact Pack, dynamic prompts, sd-webui-prompt-postprocessor",
        "_#", r"(?:[^\W_]{1,40}|\d{1,3}#)?__(?:r?\d{0,2}-?\d{0,2}\$\$)?(?=[_~@!]{0,9}[^\W_]|\*)"
        r"(?:[\w~@!/.*+\\-]|\{[^{}\n]{1,80}\}){1,200}?(?:\([^()\n]{1,80}\)|'[^'\n]{1,80}')?__",
        ("__animal__", "__dir/na_me__", "__col*__", "3#__pet__", "__~pet__", "__2$$pets__", "__pets'small'__",
         "__cities/{paris|rome}__"),
        whole_chunk=True, is_text=True,
    ),
    Row(
        "variable", HIDDEN, "prompt-control, prompt fusion",
        "$", r"(?<![\w$])(?:\$[A-Za-z_]\w{0,60}){1,9}",
        ("$pet", "$SEG1"),
        is_text=True,
    ),
    # -- words with a meaning of their own
    Row(
        "embedding", HIDDEN, "ComfyUI",
        ":", r"(?<!\w)(?i:embedding):(?:\([^()\n]{1,80}\)|(?:\\[^\s]|[^\s,()<>{}|\\])+)",
        ("embedding:name", "embedding:sub/na-me.pt", r"embedding:people\betsy", "embedding:x.pt:1.2",
         "embedding:(neg)"),
        whole_chunk=True, is_text=True,
    ),
    Row(
        "part", DIVIDES, "Midjourney, in prompts that are shared",
        ":", r"(?<=[^\W_])::(?:-?\d*\.?\d+)?(?=[\s,]|$)",
        (),  # only behind a word: "space::2 ship::1"
    ),
    Row(
        "coupled", DIVIDES, "prompt-control",
        "C:", rf"(?:(?<!\d):\s?{NUMBER}\s+)?(?<!\w)COUPLE(?![\w(])",
        ("COUPLE", ":0.5 COUPLE"),
    ),
    Row(
        "coupled with a mask", DIVIDES, "prompt-control",
        "C:", rf"(?:(?<!\d):\s?{NUMBER}\s+)?(?<!\w)COUPLE\(",
        ("COUPLE(0.5 1, 0 1)",),
        closes=")",
    ),
    Row(
        "operator", DIVIDES, "prompt-control, A1111, regional prompter",
        "AB:",
        rf"(?:(?<!\d):\s?{NUMBER}(?:![A-Za-z]+)?\s+)?(?<!\w)(?:BREAK|AND(?:_[A-Z]{{2,20}})?|ADD(?:COMM|COL|ROW|BASE|P))(?!\w)",
        ("BREAK", "AND", ":1.2 AND", "ADDCOMM", "ADDCOL", "ADDROW", "ADDBASE", "ADDP", "AND_PERP"),
    ),
    Row(
        "weight of a section", HIDDEN, "prompt-control, A1111",
        ":", rf"(?<!\d):\s?{NUMBER}(?:![A-Za-z]+)?(?=\s*$)",
        (),  # only where an operator stands before it: "a AND b :0.5"
    ),
    Row(
        "function", HIDDEN, "prompt-control",
        "(",
        r"(?<!\w)(?:I?MASK|MASKW|MASK_SIZE|AREA|FEATHER|STYLE|FILL|SDXL|TE|TE_WEIGHT|SHIFT|SHUFFLE|NOISE|AVG|SEG"
        r"|DEF|NOSTRIP|ATTN|CLIP_L|[A-Z][A-Z0-9_]{1,20}(?=\([\d\s.,%-]*\)))\(",
        ("MASK(0 0.5, 0 1)", "AREA(0.5 1, 0 1, 0.8)", "FEATHER(10 10 0 0)", "STYLE(A1111, mean)", "FILL()",
         "TE(l=(cat:1.1))", "IMASK(0)", "SDXL(1024 1024)", "DEF(PET=a dog)"),
        closes=")", whole_chunk=True,
    ),
    # -- plain text that must come back as it was typed
    Row(
        "quoted", TYPED, "text to be drawn",
        "\"“„«‘'「『",
        r"(?<!\w)(?:\"(?=\S)[^\"\n]{1,200}(?<=\S)\"(?!\w)|“[^”\n]{1,200}”|„[^“”\n]{1,200}[“”]|«[^»\n]{1,200}»"
        r"|‘[^’\n]{2,120}’(?!\w)|'(?=\S)[^'\n]{1,80}(?<=\S)'(?!\w)|「[^」\n]{1,200}」|『[^』\n]{1,200}』)",
        ('"OPEN 24/7"', "“the last lighthouse”", "'ACME'", "「開店」"),
    ),
    Row(
        "score", HIDDEN, "tags of Pony models",
        "_:", r"(?:score_\d(?:_up)?|source_(?:anime|cartoon|furry|pony)"
        r"|rating[_:](?:safe|sensitive|questionable|explicit|general))(?![\w:])",
        ("score_9", "score_8_up", "source_anime", "rating:safe"),
        whole_chunk=True,
    ),
    Row(
        "name and series", TYPED, "danbooru's tags",
        "_", rf"{NAME}_\([^()\n,]{{1,60}}\)",
        ("hatsune_miku_(vocaloid)",),
        whole_chunk=True,
    ),
    Row(
        "marked word", SHOWN, "compel",
        "+-", r"[^\W\d_][^\W_]{2,60}(?:\+{2,6}|-{2,6})(?=[\s,.;)]|$)",
        ("cat++", "rain--"),
        whole_chunk=True,
    ),
    Row(
        "swapped word", SHOWN, "compel",
        "(", r"[^\W_][\w-]{0,60}\.swap\(",
        ("cat.swap(dog, s_start=0.3)",),
        closes=")", whole_chunk=True,
    ),
    Row(
        "height", TYPED, "plain text",
        "'’", r"\d{1,2}['’](?:\d{1,2}(?:\"|''|”)?)?(?!\w)",
        ("5'10\"", "6'2"),
        whole_chunk=True,
    ),
    Row(
        "emoji", TYPED, "plain text",
        "🐱", rf"[{EMOJI}](?:[{EMOJI}\ufe0f\u200d\u20e3\U000e0020-\U000e007f])*",
        ("🐱", "🌊🌊🌊", "👩\u200d🚀", "☕", "🇫🇷"),
    ),
    Row(
        "abbreviation", TYPED, "plain text",
        ".", r"(?:[^\W\d_]\.){2,12}(?!\w)",
        ("a.m.", "U.S.A.", "D.C."),
        whole_chunk=True,
    ),
    Row(
        "parameter", HIDDEN, "Midjourney, in prompts that are shared",
        "-—–", r"(?<!\S)(?:--|—|–)(?:(?:hd|raw|tile|video)"
        r"|no[^\S\n]+(?!--)[^\n]{1,200}?(?=\s+--|$|\n)|(?:ar|aspect|chaos|cref|cw|exp|iw|niji|oref|ow|p|profile"
        r"|quality|q|repeat|seed|sref|stop|stylize|style|s|sw|uplight|version|v|weird|w|c)[^\S\n]+(?:\d[\w.:/]*|raw|cute|scenic"
        r"|expressive|original))(?=[\s,]|$)",
        ("--ar 16:9", "--v 6.1", "--style raw", "--tile"),  # and "--no cats, dogs", to the next or the end
    ),
    Row(
        "numbers apart", TYPED, "plain text",
        " ", r"(?<![\w.])\d(?: \d)+(?=[\s,;!?)]|$|\.(?!\d))",
        ("1 2 3",),
        whole_chunk=True,
    ),
    Row(
        "marks in a word", TYPED, "plain text: times, ratios, prices, versions, colors, names",
        "#@$€£¥₩₹№%:/&*+=~^°.,−±≈½⅓⅔¼¾²³×-–",
        r"(?:[#@$€£¥₩₹№+±~≈−-]{0,2}|(?<![^\s(\[{,;|\"'“‘])\.)[^\W_](?:[\w'’:/%&#@*+=~^°×$€£¥₩₹?-]|[.,–](?=\d)|\.(?=[A-Za-z])){0,200}",
        ("12:30", "16:9", "2.35:1", "24/7", "50%", "9.99", "$50", "€9,99", "v2.1", "#ff8800", "AC/DC", "R&B", "f/1.8",
         "C++", "http://x.org/a", "90°", "−5°C", "5½", "3×3", "24-70mm", "1–2", "@wlop", "1,000",
         "nier:automata", "w/o", ".NET", ".45", "F-16", "50-year-old"),
        whole_chunk=True,
    ),
    Row(
        "underscores", TYPED, "danbooru's tags",
        "_", r"[^\W_](?:[\w.'’:!&+/-]{0,100}[^\W_])?(?!\w)",
        ("no_humans", "twin_tails", "still_life"),
        whole_chunk=True,
    ),
)  # fmt: skip

# What syntax.py reads without a pattern.
READ_OTHERWISE = {
    "weight": SHOWN,  # (red dress:1.3), (emphasis), ((a:1.2) b:0.9)
    "marked weight": SHOWN,  # (two words)++, (a cat)1.3, ("a cat", "a dog").blend(0.7, 0.3): compel
    "escape": SHOWN,  # saber_\(fate\): any chunk with a backslash
    "series": TYPED,  # name (series) and name \(series\), where they are all of a tag
    "line": DIVIDES,  # the end of a line with words before and behind it
    "foreign": HIDDEN,  # for a writer of English: other scripts and emoji
    "accented": TYPED,  # for a writer of English: what is plain English without its accents
}
TREATMENTS = {row.kind: row.treatment for row in TABLE} | READ_OTHERWISE
IS_TEXT = frozenset(row.kind for row in TABLE if row.is_text) | {"foreign"}
