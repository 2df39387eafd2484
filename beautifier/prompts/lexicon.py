"""What single words say: time of day, weather, indoors or out, which part of a person, how it is seen.

One table for two readers: `wish` reads from it what a raw prompt fixes, `composing.fitting` what a phrase would add.
A fact is a label; `CLASHES` says which labels cannot be in one picture. Words stand in the singular, folded.
"""

from functools import lru_cache

from .vocabulary import singular, words_of

FACTS = {
    # time of day and light
    "sun": "sun sunlight sunny sunlit sunshine sunbeam sunbreak sundown sunned",
    "day": "day daylight daytime daybreak afternoon noon midday midmorning midafternoon blue-sky daylit",
    "noon": "noon midday",
    "morning": "morning dawn sunrise daybreak predawn midmorning",
    "evening": "dusk sunset twilight evening nightfall sundown afterglow golden-hour late-sun last-light blue-hour",
    "night": "night midnight nighttime moonlight moon moonlit moonbeam moonrise starlight starlit starry skyglow "
    "aurora "
    "streetlight streetlamp headlight lamplight firefly milky-way after-hour campfire nocturnal",
    "dark": "dark darkness darkened dim gloom gloomy pitch-black unlit murky shadowy lightless",
    "lamp": "lamp lantern candle candlelight candlelit lamplight torch torchlight torchlit bulb chandelier firelight "
    "candelabra sconce nightlight gaslight",
    "electric": "neon led fluorescent spotlight floodlight strobe halogen laser headlight flashlight screen monitor "
    "searchlight streetlight streetlamp hologram holographic",
    "studio": "softbox seamless backdrop gel studio reflector beauty-dish key-light strip-light cyclorama plinth",
    "window": "window windowsill skylight curtain blinds windowpane",
    "backlit": "backlight backlit silhouette",
    # weather
    "rain": "rain rainy raining raindrop drizzle downpour rainfall rainy-day drizzly umbrella puddle rainwater "
    "rainstorm "
    "monsoon",
    "snow": "snow snowy snowfall snowflake blizzard snowdrift snowbank snowfield snowstorm snowing snowman icy frost "
    "frosty frozen ice sleigh",
    "fog": "fog foggy mist misty haze hazy",
    "storm": "storm stormy thunderstorm lightning thunder hurricane tempest tornado gale",
    "overcast": "overcast cloudy gray-sky cloud-cover",
    "wind": "wind windy windswept windblown breeze breezy gust",
    "clear": "cloudless clear-sky clear-blue clear-day bright-sky",
    # season
    "spring": "spring springtime cherry-blossom",
    "summer": "summer summertime midsummer",
    "autumn": "autumn fall-color fallen-leaf autumnal harvest autum pumpkin",
    "winter": "winter wintry wintertime midwinter christmas",
    # where
    "indoor": "indoor indoors room interior bedroom kitchen bathroom library studio hallway corridor hall attic "
    "basement "
    "cellar office classroom gym cafe restaurant museum ceiling fireplace hearth tabletop countertop carpet rug sofa "
    "couch desk mantel mantelpiece bookshelf parlor laboratory lab workshop windowsill armchair bedside lobby salon "
    "gallery warehouse hangar ballroom chapel throne-room shelf nightstand mattress bar pub tavern laundromat nursery "
    "lounge stairwell chandelier garage bathtub floorboard sideboard bed indoor counter backstage closet wardrobe "
    "table tablecloth dresser aisle lampshade inside elevator vault playroom linoleum workbench",
    "outdoor": "turf mown lamppost outdoor outdoors field meadow forest street sky beach garden mountain hill "
    "hillside cliff park road "
    "lane "
    "path riverbank river lake lakeshore sea ocean shore desert valley pasture moor moorland rooftop yard backyard "
    "courtyard woodland clearing marsh canyon island ridge orchard farm farmyard grass grassy lawn harbor coast "
    "horizon "
    "dune glade savanna prairie jungle porch alley avenue sidewalk plaza wood creek stream pond pine landscape glacier "
    "waterfall countryside tree bush hedge vineyard roadside summit trail treeline foliage canopy shoreline pavement "
    "parking gate bridge square pier quay dock veranda terrace highway paddock tundra steppe headland grove campfire "
    "camp wilderness volcano boulder crosswalk",
    "underwater": "sunken current underwater seabed reef submerged seafloor kelp caustic submarine subaquatic "
    "undersea coral-reef",
    "water": "sea ocean lake river pond pool wave shore beach stream harbor lagoon surf waterfall creek marsh swamp "
    "bay "
    "underwater reef water current tide splash waterline foam",
    "space": "space galaxy nebula orbit orbital planet cosmic cosmos spaceship starship astronaut asteroid lunar "
    "interstellar starfield planetary moonscape mars martian earthlight airlock",
    "air": "aloft midair flying airborne hovering soaring altitude",
    "underground": "cave cavern underground tunnel mine dungeon crypt catacomb sewer cellar vault subway metro",
    "desert": "desert dune arid oasis cactus sandstorm saguaro mesa outback",
    "tropic": "tropical palm jungle rainforest mangrove equatorial",
    "arctic": "arctic polar iceberg glacier tundra antarctic icy frozen",
    "city": "city street alley avenue downtown skyscraper skyline sidewalk crosswalk urban subway metro apartment "
    "storefront neon traffic taxi rooftop boulevard suburb suburban streetlight streetlamp lamppost",
    "nature": "forest woodland meadow mountain wilderness jungle savanna prairie tundra canyon moor marsh fern moss "
    "glade "
    "grove valley rainforest swamp undergrowth thicket clearing heath countryside",
    "plain": "seamless plain-backdrop plain-background blank plain-white white-background solid-background "
    "empty-background "
    "simple-background gradient-background transparent-background black-background plain-wall backdrop",
    # time in history
    "modern": "neon led phone smartphone laptop computer monitor screen car parking gas-station apartment skyscraper "
    "subway metro office headphone sneaker tv television camera microphone plastic fluorescent elevator airport "
    "highway "
    "supermarket truck motorcycle bus taxi bicycle skateboard hoodie garage asphalt traffic projector",
    "old world": "medieval knight castle sword torchlit torch scroll parchment cobbled cobblestone carriage throne "
    "dungeon viking samurai ancient temple chapel armor catapult galleon tavern",
    "future": "futuristic cyberpunk spaceship hologram holographic cyborg android sci-fi mecha starship",
    # how it is seen or made
    "photo": "lens macro telephoto bokeh 35mm 50mm 85mm 24mm 28mm 70mm 100mm 200mm mm aperture exposure shutter focus "
    "photo photograph snapshot camera film fisheye f-stop anamorphic panning candid polaroid photographic "
    "shallow-depth "
    "shallow-focus long-exposure tripod zoom wide-angle softbox selfie flash webcam viewfinder",
    "drawn": "brush brushstroke brushwork ink painted paint hatching pencil crayon line-work outlined cel-shaded "
    "canvas "
    "watercolor engraved woodcut storybook illustrated",
    "flat": "vector flat-shape flat-color flat-fill no-gradient pictogram",
    "close": "macro close-up closeup tight-crop tight-close extreme-close close-crop tight-frame tight-portrait "
    "close-view close-frame close-shot close-framing tight-head headshot face-filling detail-shot close-study",
    "half": "waist-up waist chest-up head-and-shoulder half-length bust medium-shot knee-up upper-body cowboy-shot "
    "medium-close portrait headshot shoulder-up",
    "full": "full-length full-body full-figure head-to-toe whole-body full-height whole-figure",
    "wide": "wide panorama panoramic vista distant establishing aerial sweeping wide-angle skyline far-off far-away "
    "wide-shot wide-view landscape long-shot",
    "front": "front frontal straight-on head-on facing-viewer face-on looking-straight looking-at-viewer toward-viewer "
    "toward-camera facing-forward looking-at-the-viewer into-the-lens toward-the-viewer symmetrical eye-contact "
    "toward-the-lens centered-front",
    "side": "profile side-view side-on broadside side-silhouette from-the-side side-profile",
    "back": "from-behind rear-view back-view seen-behind rear back-turned over-the-shoulder",
    "above": "overhead top-down aerial bird's-eye from-above high-angle flat-lay looking-down down-into drone "
    "straight-down "
    "high-view bird-eye elevated high-wide overlook",
    "below": "low-angle from-below looking-up worm's-eye worm-eye low-view ground-level upward straight-up",
    "interior view": "seat inside-view from-inside cockpit dashboard cabin-view driver's-seat from-the-driver",
    # who
    "people": "person people man woman child boy girl figure crowd guest visitor passerby passersby pedestrian shopper "
    "worker passenger onlooker spectator family couple friend dancer musician rider driver swimmer fisherman soldier "
    "farmer walker hiker tourist baby kid villager player customer diner worshipper owner someone sitter audience "
    "couple lovers lady fan vendor waiter barista chef cook student teacher skier climber surfer performer bride groom "
    "knight monk queen king commuter dealer monster survivor crew pilot bystander gentleman sailor fighter runner "
    "reader helper mourner patron picnicker merchant priest bather skater cyclist reveler mother father parent "
    "grandmother grandfather horseman camper gardener walkers strollers porter guard child's",
    "animal": "dog cat bird horse sheep cow goat gull crow pigeon deer fish bee butterfly raven duck swan owl hen "
    "seagull",
}
# Facts that cannot be in one picture.
CLASHES = """
sun: night rain fog storm overcast underground space underwater dark plain studio
day: night evening underground dark space
noon: morning evening night lamp dark fog
morning: evening night noon
evening: noon morning
night: day sun noon morning plain studio overcast
dark: sun day plain
lamp: noon underwater space plain
electric: underwater space
studio: outdoor rain snow fog storm night underwater space city nature wind underground window lamp
window: outdoor underwater studio underground nature
rain: sun snow clear underwater space indoor plain studio desert
snow: rain summer spring autumn underwater desert tropic indoor plain studio space
fog: noon sun clear underwater space indoor plain studio
storm: sun clear underwater space indoor plain studio
overcast: sun night clear underwater space indoor plain studio
wind: indoor underwater space studio
spring: summer autumn winter snow
summer: spring autumn winter snow arctic
autumn: spring summer winter
winter: spring summer autumn tropic
indoor: outdoor underwater space air desert nature arctic tropic rain snow storm
outdoor: indoor underwater studio window space plain
underwater: indoor outdoor space desert city underground fog air sun
space: indoor outdoor underwater rain snow fog storm wind nature water
air: indoor underwater underground
underground: sun day outdoor air
desert: rain snow tropic arctic city underwater water
tropic: arctic snow winter desert
arctic: desert tropic summer
city: nature desert underwater space
nature: city indoor space studio plain
plain: outdoor nature city
modern: old world
old world: modern future electric
future: old world
photo: drawn flat
drawn: photo
flat: photo
close: full wide half
half: full wide above
full: close half wide
wide: close half full
front: side back above
side: front back above
back: front side
above: front side below half
below: above
"""
# What a phrase or a wish touches of a subject: said once, it is not said again.
TOPICS = {
    "hair": "hair bald braid ponytail bun bangs fringe curl hairstyle haircut strand flyaway pigtail ringlet hairline "
    "dreadlock afro mohawk bob brunette blonde blond redhead buzzcut undercut lock shaved sideburn hairdo twintail "
    "twintails ahoge hijab wimple turban hooded tress headscarf",
    "beard": "beard stubble mustache moustache goatee whisker clean-shaven beardless bearded",
    "eye": "eye eyed gaze iris pupil eyelash lash eyelid catchlight sunglass sunglasses goggle goggles eyeglass "
    "spectacle "
    "glasses blindfold eyepatch monocle visor eyewear eyes stare",
    "brow": "brow eyebrow",
    "face": "face cheek nose mouth lip chin jaw freckle expression dimple makeup mask masked faceless blush forehead "
    "skin "
    "complexion pore wrinkle smile grin frown",
    "expression": "smile smiling grin laughing laugh frown sad happy angry crying cry tear scream screaming serious "
    "expression surprised shocked grinning pout smirk stern calm joyful scared shouting shy relaxed-brow frowning "
    "concentration melancholy bored tired crazy insane grumpy yawning yelling emotion",
    "clothes": "dress shirt jacket coat suit robe gown sweater hoodie kimono skirt pants trousers jeans uniform armor "
    "armour "
    "vest blouse cloak cape apron overall overalls costume clothes clothing outfit tunic cardigan shorts kilt garment "
    "collar sleeve fabric tee t-shirt bodysuit spacesuit toga sari leotard jumpsuit swimsuit bikini lace linen "
    "overcoat wool knit dressed wearing tuxedo raincoat parka hem cuff fashion jersey tights stocking leggings "
    "necktie corset bodice waistcoat trench gloves bowtie sweatshirt pleat sash belt button wear clad robes tutu "
    "leather",
    "shoes": "shoe boot sneaker sandal heel barefoot slipper footwear toe",
    "hat": "hat cap crown helmet hood beret headband tiara headdress beanie bonnet headphone headphones turban hijab "
    "veil "
    "horn halo antler fedora horned",
    "jewelry": "necklace earring ring bracelet jewel jewelry pendant brooch bangle watch wristwatch bead",
    "hand": "hand finger fist palm glove fingertip knuckle nail gauntlet thumb holding hold grip gripping gripped "
    "carrying "
    "wrist held paw-in waving wave",
    "arm": "arm elbow shoulder sleeve armed folded-arm",
    "leg": "leg knee thigh calf ankle stride lap foot",
    "wing": "wing winged wingspan feathered-wing",
    "tail": "tail",
    "ear": "ear eared",
    "pose": "sitting standing lying kneeling crouching leaning walking running jumping seated sit stand lie lean walk "
    "run "
    "jump perched sleeping asleep curled dancing riding swimming flying resting squatting leaping stretching sprawled "
    "posing striding hovering floating kneel crouch climbing mid-stride pose upright balancing falling stretched "
    "hanging hunched laying sat reclining",
    "crowd": "crowd audience onlooker spectator",
    "shadow": "shadow",
    "reflection": "reflection mirrored reflected mirror",
    "smoke": "smoke steam vapor",
    "background": "background backdrop",
    "border": "border frame edge margin",
    "grain": "grain grainy",
    "lettering": "lettering letter typography type headline text title caption numeral slogan",
}
COLORS = frozenset(
    "red orange yellow green blue purple violet pink brown black white gray grey golden gold silver cyan magenta teal "
    "turquoise beige maroon crimson scarlet navy indigo lavender lilac ivory cream peach coral salmon burgundy ochre "
    "emerald amber bronze copper azure aqua mint olive khaki tan rose ruby sapphire charcoal mauve lime cobalt "
    "vermilion blonde blond brunette rainbow multicolored colorful colourful pastel monochrome monochromatic sepia "
    "grayscale greyscale neon iridescent fuchsia cerulean chartreuse rust terracotta sienna umber aquamarine "
    "periwinkle plum ebony".split()
)
PLAIN_COLORS = frozenset(
    "red orange yellow green blue purple violet pink brown black white gray grey golden silver cyan magenta teal "
    "turquoise beige maroon crimson scarlet navy indigo lavender".split()
)
COLOR_WORDS = frozenset(
    "color colour colored coloured colorful colourful palette hue tone toned saturated desaturated vibrant vivid tint "
    "gradient grayscale pastel neon monochrome".split()
)
LIGHT_WORDS = frozenset(
    "light lit lighting backlight backlit glow glowing glowy shadow illumination illuminated sunlight moonlight "
    "sunset sunrise dawn dusk twilight golden-hour candlelight candlelit neon spotlight night noon midday morning "
    "evening afternoon daylight lamp lantern torchlight chiaroscuro silhouette sunbeam godray godrays ray rays dark "
    "darkness dim gloomy moonlit sunlit sunny starlight firelight bright lightning volumetric rim-light bioluminescent "
    "bioluminescence overcast blue-hour lights luminous luminescent flash ambient shade softbox dramatic-light "
    "blackness "
    "midnight nighttime sunshine flashlight fluorescent cinematic".split()
)
VIEW_WORDS = frozenset(
    "view angle shot close-up closeup close macro portrait lens mm wide aerial overhead pov perspective profile "
    "headshot bust full-body fullbody full-length isometric panorama panoramic top-down topdown birds-eye bird's "
    "fisheye "
    "drone selfie cameo framing composition centered symmetrical symmetry low-angle high-angle eye-level worms-eye "
    "worm's telephoto wide-angle 35mm 50mm 85mm upper-body cowboy-shot dutch first-person third-person foreground "
    "zoomed zoom cropped crop viewpoint orthographic seen diorama cross-section silhouette midshot longshot bokeh "
    "looking-up looking-down satellite from-above from-below from-behind from-side".split()
)
MINOR = frozenset(
    "child kid baby toddler infant boy girl teen teenager teenage schoolgirl schoolboy preteen minor newborn "
    "kindergarten daughter son grandson granddaughter student pupil loli shota young-girl young-boy adolescent youth "
    "children".split()
)


def _by_word(table: dict[str, str]) -> tuple[dict[str, set[str]], dict[str, dict[str, set[str]]]]:
    """A table turned round: the labels of each single word, and by their first word those of expressions."""
    one: dict[str, set[str]] = {}
    several: dict[str, dict[str, set[str]]] = {}
    for label, words in table.items():
        for word in words.split():
            first, *more = parts = [singular(part.folded) for part in words_of(word)]
            (several.setdefault(first, {}) if more else one).setdefault(" ".join(parts), set()).add(label)
    return one, several


FACT_OF, FACT_OF_SEVERAL = _by_word(FACTS)
TOPIC_OF, TOPIC_OF_SEVERAL = _by_word(TOPICS)


def _read_clashes() -> frozenset[tuple[str, str]]:
    labels = sorted(FACTS, key=len, reverse=True)
    pairs = set()
    for line in CLASHES.strip().splitlines():
        fact, others = line.split(":")
        for label in labels:
            if f" {label} " in f"{others} ":
                others = f"{others} ".replace(f" {label} ", "  ")
                pairs |= {(fact, label), (label, fact)}
        if others.strip():
            raise ValueError(f"CLASHES names facts that are in no table: {others.split()} (line of {fact!r})")
    return frozenset(pairs)


CLASH = _read_clashes()


@lru_cache(maxsize=32768)
def facts_of(text: str) -> frozenset[str]:
    """The facts that a phrase says, by its words."""
    return _labels(text, FACT_OF, FACT_OF_SEVERAL)


@lru_cache(maxsize=32768)
def topics_of(text: str) -> frozenset[str]:
    """The topics that a phrase touches, by its words."""
    return _labels(text, TOPIC_OF, TOPIC_OF_SEVERAL)


def _labels(text, one, several) -> frozenset[str]:
    words = [singular(word.folded) for word in words_of(text)]
    found: set[str] = set().union(*(one[word] for word in words if word in one))
    for start, word in enumerate(words):
        if names := several.get(word):
            for length in (2, 3, 4):
                found |= names.get(" ".join(words[start : start + length]), set())
    return frozenset(found)


def clash(these: frozenset[str], those: frozenset[str]) -> bool:
    """Whether two sets of facts cannot be in one picture."""
    return any((a, b) in CLASH for a in these for b in those)


def says(words: frozenset[str], text: str) -> bool:
    """Whether a text has one of these words or, for those with hyphens, one of these expressions."""
    singles = [singular(word.folded) for word in words_of(text)]
    if not words.isdisjoint(singles):
        return True
    joined = f" {' '.join(singles)} "
    return any(f" {expression} " in joined for expression in _expressions(words))


@lru_cache(maxsize=256)
def _expressions(words: frozenset[str]) -> tuple[str, ...]:
    """Those of the words that are several with hyphens, with blanks in their places."""
    return tuple(word.replace("-", " ") for word in words if "-" in word)
