"""Word lists for reading a raw prompt: relations, verbs, praise, framing, groups."""

import re

TAG_COUNT = re.compile(r"^(\d+|multiple)\+?(girl|boy|other)s?$")

# Words between two things: what stands behind one is another thing and its relation to the first.
RELATIONS = (
    "in the middle of | in the style of | in the shape of | in the form of | to the left of | to the right of | "
    "on either side of | at the bottom of | at the top of | in front of | on top of | in style of | made out of | "
    "made entirely of | made up of | made entirely from | in form of | dressed up as | in the background | "
    "in the foreground | carved out of | next to | made of | made from | made with | shaped like | dressed as | "
    "dressed in | dressed like | covered in | covered with | covered by | surrounded by | filled with | full of | "
    "out of | away from | close to | inside of | left of | right of | based on | inspired by | composed of | "
    "consisting of | constructed of | carved from | built from | built of | turned into | turning into | "
    "transformed into | disguised as | in a | in an | as a | as an | looking like | atop of"
).split(" | ") + (
    "in on at under over with without wearing holding riding of and near by behind beside inside through from into "
    "onto against between among amongst around along across beneath below above underneath beyond atop within "
    "toward towards to as like for during after before vs versus amid amidst while where that which who whose but "
    "or w outside off up down than featuring containing showing depicting about except via upon past carrying "
    "having has have had is are was were starring plus meets x using when if because"
).split()
RELATION_WORDS = {words: len(words.split()) for words in RELATIONS}
LONGEST_RELATION = max(RELATION_WORDS.values())
# Relations that say where something is.
PLACING = frozenset(
    "in on at under over near behind beside inside through into onto against between among amongst around along "
    "across beneath below above underneath beyond atop within outside off down past upon amid amidst".split()
) | {
    "in front of",
    "on top of",
    "next to",
    "in the middle of",
    "surrounded by",
    "close to",
    "inside of",
    "to the left of",
    "to the right of",
    "left of",
    "right of",
    "on either side of",
    "at the bottom of",
    "at the top of",
    "in a",
    "in an",
    "out of",
    "filled with",
    "full of",
    "in the background",
    "in the foreground",
}
# Relations that make another thing of the subject: what is true of it no longer has to be.
# What the head is made of or covered with: it has none of the surface of its kind.
MADE = frozenset(
    (
        "made of|made out of|made from|made up of|made entirely of|made entirely from|composed of|consisting of"
        "|constructed of|carved from|carved out of|built from|built of|covered in|covered with|covered by"
    ).split("|")
)
# What it is dressed, shaped or changed as: what is seen of that is seen of the head.
GUISES = frozenset(
    (
        "as|as a|as an|dressed as|dressed like|dressed up as|disguised as|looking like|shaped like|in the shape of"
        "|in the form of|in form of|turned into|turning into|transformed into|meets"
    ).split("|")
)
CHANGING = MADE | GUISES | frozenset(("made with", "but", "x", "like", "plus"))
CHANGED = frozenset(
    "hybrid mutant fusion half crossbreed chimera mashup hybridized anthropomorphic anthropomorphized anthro humanoid "
    "human-like shaped inspired themed crossed morphing mixed fursona furry personified cyborg robotic robot skeleton "
    "zombie ghost mecha undead inflatable plush toy lego mutated deformed melted melting exploded invisible "
    "transparent crocheted knitted felted origami abstract".split()
)
# Nouns in -ing, which are no verbs.
ING_NOUNS = frozenset(
    "building painting drawing ceiling string king ring wing lighting morning evening spring sling thing clothing "
    "railing awning wedding clearing landing crossing bedding sibling duckling dumpling earring engraving etching "
    "rendering dressing pudding icing viking warning sting swing opening living dining parking lightning wellbeing "
    "being seasoning stocking tubing siding lettering coating crowning carving offering nothing something everything "
    "anything sterling beijing shading flooring gosling herring racing boxing wrestling concept-art marketing "
    "advertising amazing stunning charming gleaming interesting beijing starling sling bling outing during cooling "
    "timing filming boeing reading-room gathering setting stitching marking quilling darling halfling changeling "
    "yearling thanksgiving fledgling seedling sapling plumbing scaffolding breathtaking trending award-winning winning "
    "mind-blowing imposing striking outstanding surprising charming menacing terrifying intriguing captivating "
    "enchanting relaxing exciting good-looking everlasting striking nightmarish".split()
)
VERBS = frozenset(
    "stands sits runs jumps flies walks rides holds wears eats drinks plays looks lies leans sleeps swims dances "
    "fights sings reads writes smiles laughs cries screams climbs falls hangs floats rises grows waits watches "
    "carries drives shows gives takes makes tries says meets sees finds chases crosses attacks emerges hides kisses "
    "hugs kicks throws cooks bakes works paints draws plays destroys demolishes devours eat drink sit stand run walk "
    "play ride fly fight dance stares gazes points faces amuse experience experiences argue customers-argue explodes "
    "crashes burns melts becomes turns leaves returns goes comes contemplates discovers explores enters escapes "
    "travels covers fills looms towers sprouts summons casts wields battles cleans shops surfs rescues juggles "
    "balances sells buys builds stops stood lay ran wore flew swam sang ate drank barks roars howls blooms glows sails "
    "drifts leads pulls pushes opens closes touches reaches peers peeks grazes kneels stretches rests surrounds "
    "reflects illuminates captures slept awoke woke".split()
)
PARTICIPLES = frozenset(
    "seen lost caught found trapped stuck made built worn drawn shown held grown taken thrown torn broken hung set "
    "lit sat sitting laid frozen hidden woven sunk buried bound wrapped dressed covered surrounded perched parked "
    "stacked painted designed created illustrated rendered shot photographed sculpted carved shaped viewed inspired "
    "filled decorated connected attached tied nestled chained reflected displayed arranged".split()
)
BOILERPLATE = frozenset(
    "masterpiece masterpieces best quality high resolution highly detailed detail details intricate intricately hd "
    "uhd hdr 4k 8k 16k 2k 1080p ultra hyper hyperdetailed ultradetailed ultra-detailed hyper-detailed super sharp "
    "focus trending artstation on deviantart award winning award-winning octane unreal engine 5 4 render rendered "
    "vray v-ray raytracing ray tracing insane insanely extremely very professional stunning beautiful beautifully "
    "gorgeous amazing breathtaking epic incredible incredibly awesome perfect wallpaper cgsociety pixiv zbrush "
    "zbrushcentral absurdres highres res lowres score 9 8 7 6 up rating safe 8 k 4 k 16 k photorealistic realistic "
    "realism photorealism hyperrealistic hyperrealism hyperealistic ultrarealistic cinematic dramatic global "
    "illumination lumen contest winner featured elegant smooth crisp clean lines professionally graded aesthetic "
    "popular top rated fine art by of the and art station reddit behance dribbble imax uhdr vfx sfx quality real life "
    "picture newest very aesthetic good anatomy hq complex composition well composed accurate finely fine lined vivid "
    "post processing unity unreal5 ue5 redshift arnold corona cinema4d blender maya houdini terragen high-res "
    "resolution raw subsurface scattering dof depth field trend most v ray corona photoreal hyperreal".split()
)
# What leads to text that is drawn, and is not drawn itself.
TEXT_LEADS = frozenset("says say saying reads read reading titled title words word text written".split())
# Words of praise that are things where no other praise stands beside them: "a field", not "depth of field".
THINGS_TOO = frozenset("field station blender winner contest ray post award corona arnold maya unity".split())
FRAMING = frozenset(
    "photo photograph picture image pic shot view portrait close-up closeup close up scene depiction rendering render "
    "illustration painting drawing sketch footage still closeups headshot bust selfie snapshot video screenshot art "
    "artwork print poster cover version set collection series piece design study visual key keyframe extreme wide "
    "aerial macro full body closeshot interior exterior inside glimpse kind sort type style profile concept angle "
    "perspective timelapse hyperlapse scan mri screencap frame rendition representation interpretation visualization "
    "portrayal thumbnail snap".split()
)
GROUPS = frozenset(
    "all some most many several none each lots group pair herd flock pack swarm team crowd bunch row line couple army "
    "horde school host pile gang family army lot lots dozen variety assortment collection host cluster bouquet litter "
    "pride stack band".split()
)
CONTAINERS = frozenset(
    "bowl cup glass mug plate slice piece bottle jar pot can box basket tray pint stack tower".split()
)
TAIL = frozenset(
    "character scene design model image picture style concept background version art artwork illustration themed "
    "theme aesthetic look vibe vibes closeup photo print shot theme animal".split()
)
ADVERBS = frozenset(
    "very extremely super really highly incredibly ultra so too just slightly fully partially almost quite together "
    "alone everywhere outside outdoors indoors inside far away nearby back down up there here".split()
)


# Verbs without an object: before a noun they describe it ("break dancing robot").
INTRANSITIVE = frozenset(
    "dancing sleeping flying smiling burning glowing laughing crying floating falling walking sitting standing "
    "swimming jumping screaming melting spinning shining hovering rising dying singing dreaming living flowing "
    "talking wandering looking sounding smelling glaring staring grinning howling roaring rotting drowning kneeling "
    "crouching exploding blooming decaying crumbling shimmering glistening sparkling".split()
)
SHAPE_WORDS = frozenset(
    "small big large giant tiny huge little old young new long short tall fat thin cute beautiful pretty ugly happy "
    "sad angry dark bright fluffy evil scary creepy funny strange weird cool lonely lone single".split()
)
# Words that say how a picture looks and name nothing in it.
LOOKS = frozenset(
    "cozy dark creepy scary cute beautiful ominous eerie moody serene peaceful calm colorful vibrant minimalist "
    "minimal elegant dramatic dreamy mysterious surreal abstract gothic vintage retro futuristic rustic festive "
    "romantic gloomy spooky whimsical psychedelic atmospheric symmetrical monochrome realistic photorealistic "
    "cinematic epic fantasy horror cyberpunk steampunk vaporwave synthwave noir anime cartoon bright warm cold soft "
    "muted dirty abandoned matte vivid glossy hazy misty foggy rainy sunny snowy moonlit backlit intricate delicate "
    "grungy gritty clean magical majestic sad happy melancholic lonely nostalgic evil sinister strange weird bizarre "
    "stylized ornate".split()
)
