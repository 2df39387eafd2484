"""Which prompts are kept out of the training data: sexual, violent, hateful, political and otherwise unsafe text.

A list of words is a blunt filter, and meant to be: a good prompt lost costs nothing, a bad one kept is repeated.
"""

import re

SEXUAL = """
nude nudes nudity naked topless bottomless nsfw sex sexual sexually sexy sexualized erotic erotica eroticism porn porno
pornographic pornography hentai ecchi lewd lust lusty lustful seductive seductively seducing sensual sensually horny
orgasm orgy penis penises dick dicks cock cocks phallus phallic vagina vulva pussy pussies boob boobs booba tits titties
titty nipple nipples areola breast breasts busty bosom cleavage buttocks butt butts ass asses thong thongs lingerie
panties underwear bra bikini bikinis undressed undressing undress stripper striptease fetish bdsm bondage shibari latex
dominatrix masturbating masturbation cum cumming milf thicc curvy voluptuous playboy pinup hustler camgirl onlyfans
xxx rule34 r34 futa futanari yaoi yuri loli lolita shota lolicon shotacon pedo pedophile paedophile incest rape raped
raping rapist molest molested underage jailbait bulge crotch cameltoe upskirt swimsuit swimwear skimpy scantily sheer
seethrough slutty slut sluts whore whores hooker prostitute prostitutes prostitution brothel gangbang deepthroat blowjob
handjob fellatio intercourse coitus copulating sodomy kinky aroused arousal provocative provocatively attractive 
pregnant birthing breastfeeding diaper diapers
"""
VIOLENT = """
gore gory guts entrails intestines disembowelled disemboweled dismembered dismemberment decapitated decapitation
beheaded beheading severed mutilated mutilation mutilating corpse corpses carcass cadaver massacre slaughter slaughtered
murder murdered murdering murderer killing kill killed killer suicide suicidal hanged noose lynched lynching torture
tortured torturing execution executed executing genocide holocaust autopsy vivisection cannibal cannibalism bleeding
bloody blood bloodied bloodbath bloodstained wound wounds wounded stabbed stabbing impaled strangled strangling choking
abuse abused abusing selfharm amputated amputee flesh flayed gruesome grotesque disgusting vomit vomiting puke
poop pooping shit shitting feces fecal urine pee peeing piss pissing fart farting diarrhea terrorist terrorism bomber
bombing 911 isis alqaeda shooter shooters gunshot school-shooting columbine
"""
HATEFUL = """
nazi nazis nazism swastika kkk klan klansman fascist fascism racist racism nigger nigga niggers faggot fag fags tranny
retard retarded retards negro chink gook spic kike antisemitic infidel 
supremacist supremacy slave slaves slavery slur bitch bitches bastard cunt fuck fucked fucking fucker motherfucker
wtf damn asshole
"""
POLITICAL = """
politics political politician politicians president presidents presidential congress senate senator election elections
republican republicans democrat democrats communist communism communists socialist socialism marxist capitalist
propaganda protest protesters ukraine russia kremlin soviet ussr cccp palestine
 israel gaza hamas taliban kgb nato brexit maga antifa blm abortion dictator dictatorship
wehrmacht reich fuhrer gulag auschwitz
"""
DRUGS = """
cocaine heroin meth methamphetamine crack weed marijuana cannabis joint bong stoned junkie overdose drugs drug lsd dmt
ketamine acid shrooms
"""
UNSAFE = frozenset((SEXUAL + VIOLENT + HATEFUL + POLITICAL + DRUGS).split())
WORD = re.compile(r"[a-z0-9]+")


def unsafe_words(prompt: str) -> set[str]:
    """The words for which a prompt is refused; empty when it is fine."""
    return UNSAFE.intersection(WORD.findall(prompt.lower()))
