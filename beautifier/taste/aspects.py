"""What people's likes are about: aspects of a picture, each between two poles that a few words stand for.

One table. A word leans to a pole by how near its vector is to the nearest of the pole's words; a pole without words is
the absence of the other.
"""

ASPECTS: dict[str, tuple[str, str]] = {
    "dark": ("night dark shadow moonlight dim", "bright daylight noon sunlight white"),
    "warm": ("warm golden orange red amber", "cool blue teal silver green"),
    "near": ("closeup detail texture skin pores", "wide distant horizon aerial landscape"),
    "nature": ("forest leaf river stone grass", "steel concrete glass street window"),
    "people": ("face eyes hair hands expression", ""),
    "camera": ("lens focus exposure composition angle", ""),
    "calm": ("soft gentle calm muted smooth", "dramatic bold sharp stark intense"),
    "painted": ("painting brush ink watercolor sketch", "photograph photographic film camera"),
    "weather": ("rain fog snow mist clouds", ""),
    "ornate": ("ornate carved embroidered gilded patterned", "plain simple empty bare minimal"),
    "worn": ("worn cracked rust dusty peeling", "clean new polished glossy shiny"),
    "motion": ("running flying splashing swirling leaping", "still resting standing sitting"),
    "old": ("ancient medieval antique vintage", "modern futuristic digital neon"),
    "fabric": ("silk cotton wool lace leather", ""),
}
