"""The grid of pictures: what is written where, what is marked, that nothing is distorted; and its lettering."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw, ImageFont

from prompt_beautifier.beautifier.images import grid, grid_layout, lettering
from prompt_beautifier.beautifier.images.grid import ACCENT, CARD, Scores, draw_grid
from prompt_beautifier.beautifier.images.grid_layout import Column

RED, GREEN, BLUE = (200, 20, 30), (20, 180, 60), (30, 60, 220)
LONG = "a castle on a hill at night, highly detailed, dramatic moonlight, volumetric fog, sharp focus " * 4
CHINESE = "夜晚山丘上的一座城堡，月光从云层间洒下，薄雾弥漫，细节丰富的石墙，电影般的构图，氛围感十足。"


def plain(colour, size=(64, 64)):
    return Image.new("RGB", size, colour)


def columns(*colours, size=(64, 64), **more):
    return [Column([plain(colour, size)], **more) for colour in colours]


def by_row(*values):
    """Scores of one row."""
    return [[value] for value in values]


def box_of(image, colour):
    """Where pixels of a colour are: (left, top, right, bottom), None where there are none."""
    difference = ImageChops.difference(image, Image.new("RGB", image.size, colour)).convert("L")
    return difference.point(lambda value: 255 if value <= 2 else 0).getbbox()


def size_of(box):
    return box[2] - box[0], box[3] - box[1]


@pytest.fixture
def written(monkeypatch):
    """All that is written while the test runs: (text, left, top, size, colour)."""
    found = []

    def note(draw, place, text, size, colour):
        found.append((text, *place, size, colour))
        lettering.draw_text(draw, place, text, size, colour)

    monkeypatch.setattr(grid, "draw_text", note)
    return found


def texts(written):
    return [text for text, *_ in written]


# -- pictures


def test_pictures_of_one_size_stand_side_by_side():
    image = draw_grid(columns(RED, GREEN, size=(300, 200)))
    assert image.mode == "RGB"
    red, green = box_of(image, RED), box_of(image, GREEN)
    assert size_of(red) == size_of(green) == (300, 200)
    assert red[1] == green[1] and red[2] < green[0]


@pytest.mark.parametrize(
    ("size", "longest", "shown"),
    [
        ((300, 200), 1024, (300, 200)),  # never enlarged
        ((3000, 2000), 300, (300, 200)),
        ((200, 3000), 600, (40, 600)),
        ((8000, 1), 500, (500, 1)),
        ((1, 1), 1024, (256, 256)),  # unless nobody would see it
        ((1, 1), 0, (1, 1)),
        ((700, 300), 0, (700, 300)),
    ],
)
def test_picture_size(size, longest, shown):
    assert size_of(box_of(draw_grid(columns(RED, size=size), picture_size=longest), RED)) == shown


def test_pictures_of_different_shapes_keep_them_in_equal_cells():
    shapes = [
        ((300, 300), (300, 300)),
        ((300, 150), (300, 150)),
        ((75, 150), (150, 300)),
        ((30, 30), (300, 300)),
    ]
    colours = (RED, GREEN, BLUE, (250, 250, 10))
    parts = [Column([plain(colour, size)]) for colour, (size, _) in zip(colours, shapes, strict=True)]
    image = draw_grid(parts, per_line=4)
    boxes = [box_of(image, colour) for colour in colours]
    for box, (_, shown) in zip(boxes, shapes, strict=True):
        assert size_of(box) == pytest.approx(shown, abs=2)
    centres = [(box[0] + box[2]) / 2 for box in boxes]
    steps = [right - left for left, right in zip(centres, centres[1:], strict=False)]
    assert max(steps) - min(steps) <= 1  # cells of one size, each picture in the middle
    assert len({(box[1] + box[3]) // 2 for box in boxes}) == 1


def test_the_picture_itself_is_there_unchanged():
    noise = Image.effect_noise((300, 260), 80).convert("RGB")
    image = draw_grid([Column([noise]), Column([plain(RED, (300, 260))])])
    left, top, *_ = box_of(image, RED)
    step = grid_layout.arranged(columns(RED, RED, size=(300, 260)), 0, 1024, 2, 4, "")
    at = (left - (step.cell[0] + step.text), top)
    crop = image.crop((*at, at[0] + 300, at[1] + 260))
    assert ImageChops.difference(crop, noise).getbbox() is None


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "1"])
@pytest.mark.parametrize("size", [(300, 300), (2000, 2000)])
def test_other_modes(mode, size):
    image = draw_grid([Column([Image.new("RGB", size, (255, 255, 255)).convert(mode)])], picture_size=400)
    assert size_of(box_of(image, (255, 255, 255))) == (min(400, size[0]),) * 2


def test_what_is_transparent_is_grey_and_not_black():
    clear = Image.new("RGBA", (300, 300), (0, 0, 0, 0))
    clear.paste((0, 0, 0, 255), (100, 100, 200, 200))
    image = draw_grid([Column([clear])])
    assert size_of(box_of(image, grid.BEHIND_TRANSPARENT)) == (300, 300)
    assert size_of(box_of(image, (0, 0, 0))) == (100, 100)


# -- columns and rows


def test_rows_are_numbered_and_shorter_columns_end_earlier(written):
    parts = [Column([plain(RED), plain(GREEN)], "one"), Column([plain(BLUE)], "two")]
    image = draw_grid(parts)
    assert texts(written) == ["one", "1", "2", "two"]
    red, green, blue = (box_of(image, colour) for colour in (RED, GREEN, BLUE))
    assert red[0] == green[0] and red[3] < green[1] and blue[1] == red[1]


@pytest.mark.parametrize(
    ("count", "rows", "size", "per_line"),
    [
        (1, 1, (512, 512), 1),
        (2, 1, (512, 512), 2),
        (3, 1, (512, 512), 3),
        (4, 1, (512, 512), 2),
        (5, 1, (512, 512), 3),
        (8, 1, (512, 512), 4),
        (5, 4, (512, 512), 5),
        (2, 8, (512, 512), 2),
        (2, 1, (2048, 256), 1),
        (4, 1, (512, 1024), 4),
    ],
)
def test_automatic_columns_suit_a_screen(count, rows, size, per_line):
    parts = [Column([plain(RED, size)] * rows, str(number)) for number in range(count)]
    assert grid_layout.arranged(parts, 1, 1024, 0, 4, "").per_line == per_line


@pytest.mark.parametrize(("asked", "lines"), [(1, 5), (2, 3), (5, 1), (64, 1)])
def test_columns_can_be_chosen(asked, lines, written):
    draw_grid([Column([plain(RED)], f"n{number}") for number in range(5)], per_line=asked)
    assert texts(written) == ["n0", "n1", "n2", "n3", "n4"]
    assert len({top for _, _, top, *_ in written}) == lines


def test_nothing_overlaps_and_nothing_leaves_the_picture(written):
    parts = [Column([plain(RED, (300, 400))] * 2, f"name {k}", LONG) for k in range(4)]
    parts.append(Column([plain(RED, (300, 400))], "another", CHINESE))
    scores = [Scores(name, [[k + 0.5] * len(parts[k].pictures) for k in range(5)]) for name in ("one", "two")]
    image = draw_grid(parts, scores, title=LONG, per_line=3)
    places = []
    for text, left, top, size, _ in written:
        right, bottom = left + lettering.width(text, size), top + lettering.line_height(size)
        assert left >= 0 and top >= 0 and right <= image.width and bottom <= image.height
        places.append((left, top, right, bottom))
    for number, one in enumerate(places):
        for other in places[:number]:
            assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1], (
                texts(written)[number],
                one,
                other,
            )


# -- what is written


def test_names_prompts_and_title(written):
    parts = [Column([plain(RED)], "original", "a cat"), Column([plain(GREEN)], "beautified", "a fluffy cat")]
    draw_grid(parts, title="cats")
    assert texts(written) == ["cats", "original", "a cat", "beautified", "a fluffy cat"]
    sizes = {text: size for text, _, _, size, _ in written}
    assert sizes["cats"] > sizes["original"] > sizes["a cat"]


def test_a_prompt_of_all_is_written_once(written):
    draw_grid([Column([plain(RED)], "1", "a cat"), Column([plain(GREEN)], "2", "a cat")])
    assert texts(written) == ["a cat", "1", "2"]


@pytest.mark.parametrize("most", [1, 3, 8])
@pytest.mark.parametrize("prompt", [LONG, CHINESE * 4, "x" * 5000], ids=["words", "Chinese", "one word"])
def test_prompts_end_with_an_ellipsis_after_the_last_line(written, most, prompt):
    draw_grid([Column([plain(RED)], "", prompt), Column([plain(GREEN)], "", "another")], prompt_lines=most)
    lines = [text for text in texts(written) if text != "another"]
    assert len(lines) == most
    assert [line.endswith("…") for line in lines] == [False] * (most - 1) + [True]


def test_no_prompt_lines_no_prompts(written):
    draw_grid([Column([plain(RED)], "1", "a cat"), Column([plain(GREEN)], "2", "a dog")], prompt_lines=0)
    draw_grid([Column([plain(RED)], "1", "a cat"), Column([plain(GREEN)], "2", "a cat")], prompt_lines=0)
    assert texts(written) == ["1", "2", "1", "2"]


def test_text_grows_with_the_pictures(written):
    sizes = {}
    for edge in (256, 512, 1024, 2048):
        written.clear()
        draw_grid(columns(RED, GREEN, size=(edge, edge)), [Scores("s", by_row(1, 2))], picture_size=edge)
        sizes[edge] = min(size for *_, size, _ in written)
    assert sizes[256] >= 12 and sizes[512] >= 16
    assert sizes[2048] / sizes[512] == pytest.approx(4, rel=0.05)
    assert sizes[1024] / sizes[512] == pytest.approx(2, rel=0.05)


def test_scores_stand_under_their_picture_aligned_right(written):
    parts = columns(RED, GREEN, size=(400, 400))
    image = draw_grid(parts, [Scores("PickScore", by_row(20.9, 21.64)), Scores("aesthetic", by_row(5.8, 11.25))])
    for colour, values in ((RED, ("20.90", "5.80")), (GREEN, ("21.64", "11.25"))):
        left, _, right, bottom = box_of(image, colour)
        for line, (name, value) in enumerate(zip(("PickScore", "aesthetic"), values, strict=True)):
            (label,) = (each for each in written if each[0] == name and abs(each[1] - left) < 1 and each[2] > bottom)
            (number,) = (each for each in written if each[0] == value)
            assert number[1] + lettering.width(value, number[3]) == pytest.approx(right, abs=1)
            assert number[2] == label[2] >= bottom
            assert line == 0 or number[2] > bottom + number[3]


def test_a_long_scorer_name_leaves_room_for_the_score(written):
    draw_grid(columns(RED, size=(256, 256)), [Scores("a scorer with a very long name indeed, longer", by_row(1.5))])
    (label, left, _, size, _), (value, place, *_) = written
    assert label.endswith("…") and value == "1.50"
    assert left + lettering.width(label, size) < place


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ((20.911, 21.6449), ("20.91", "21.64")),
        ((0.27314, 0.28141), ("0.2731", "0.2814")),
        ((-1.234, 0.5), ("−1.23", "0.50")),
        ((-0.00001, 2.0), ("0.00", "2.00")),
        ((21.641, 21.643), ("21.641", "21.643")),  # two decimals would not say who wins
        ((21.6412, 21.6413), ("21.6412", "21.6413")),
        ((21.64, 21.64), ("21.64", "21.64")),
        ((1234.5, 3.0), ("1234.50", "3.00")),
        ((0.0, 0.0), ("0.0000", "0.0000")),
    ],
)
def test_decimals(written, values, shown):
    draw_grid(columns(RED, GREEN), [Scores("", by_row(*values))])
    assert tuple(text for text in texts(written) if text) == shown


# -- the winner


def colours_of(written):
    return {text: colour for text, *_, colour in written}


def test_the_winner_has_a_frame_a_star_and_its_score_in_the_same_colour(written):
    image = draw_grid(columns(RED, GREEN, BLUE, size=(300, 300)), [Scores("", by_row(2, 3, 1))])
    frame, green = box_of(image, ACCENT), box_of(image, GREEN)
    assert frame[0] < green[0] and frame[1] < green[1] and frame[2] > green[2] and frame[3] > green[3]
    assert frame[0] > box_of(image, RED)[2] and frame[2] < box_of(image, BLUE)[0]
    star = image.crop((green[2] - 60, green[1], green[2], green[1] + 60))
    assert box_of(star, ACCENT) and box_of(star, grid.ON_ACCENT)
    assert colours_of(written) == {"": grid.FAINT, "2.00": grid.PLAIN, "3.00": ACCENT, "1.00": grid.PLAIN}


def test_each_row_has_its_own_winner_and_a_tie_has_none():
    values = [[1.0, 5.0, 2.0], [2.0, 4.0, 2.0], [0.0, 1.0, 1.0]]
    assert grid.best(values) == [1, 0, None]
    assert grid.best([[1.0, 3.0], [2.0]]) == [1, None]  # nothing to win against
    assert grid.best([[7.0]]) == [None]
    assert grid.best([[-2.0], [-1.0]]) == [1]


def test_noise_of_the_arithmetic_wins_nothing():
    assert grid.best([[21.640001], [21.640002]]) == [None]
    assert grid.best([[0.28140001], [0.28140002]]) == [None]
    assert grid.best([[21.6401], [21.6402]]) == [1]


def test_a_tie_is_not_marked():
    image = draw_grid(columns(RED, GREEN), [Scores("s", by_row(2, 2)), Scores("other", by_row(1, 9))])
    assert box_of(image, ACCENT) is None


def test_the_first_scorer_decides_and_the_second_leader_is_seen(written):
    draw_grid(columns(RED, GREEN), [Scores("a", by_row(2, 3)), Scores("b", by_row(8, 7))])
    seen = colours_of(written)
    assert seen["3.00"] == ACCENT and seen["8.00"] == grid.BRIGHT
    assert seen["2.00"] == seen["7.00"] == grid.PLAIN


def test_without_scores_nothing_is_marked():
    assert box_of(draw_grid(columns(RED, GREEN)), ACCENT) is None


# -- what cannot be drawn


@pytest.mark.parametrize("nothing", [[], [Column([])], [Column([], "a"), Column([], "b")]])
def test_no_pictures(nothing):
    with pytest.raises(ValueError, match="no picture to compare"):
        draw_grid(nothing)


@pytest.mark.parametrize("values", [[], [[1.0]], [[1.0], [1.0, 2.0]], [[1.0], [1.0], [1.0]]])
def test_scores_of_other_pictures(values):
    with pytest.raises(ValueError, match=r"scores 's' are .* but the pictures are \[1, 1\]"):
        draw_grid(columns(RED, GREEN), [Scores("s", values)])


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_scores_that_are_no_numbers(value):
    with pytest.raises(ValueError, match="not a finite number"):
        draw_grid(columns(RED, GREEN), [Scores("s", by_row(1.0, value))])


def test_too_large_a_grid_says_which_size_fits(monkeypatch):
    monkeypatch.setattr(grid, "MOST_PIXELS", 2_000_000)
    monkeypatch.setattr(grid_layout, "MOST_PIXELS", 2_000_000)
    parts = columns(RED, GREEN, BLUE, size=(1000, 1000))
    with pytest.raises(ValueError, match=r"3\d\d\d x 1\d\d\d pixels .*set the picture size to \d+ or less") as error:
        draw_grid(parts, picture_size=0)
    fits = int(str(error.value).split("set the picture size to ")[1].split()[0])
    image = draw_grid(parts, picture_size=fits)
    assert image.width * image.height <= 2_000_000 and fits > 600


# -- lettering


@pytest.mark.slow
def test_the_font_has_what_it_is_for():
    gb2312 = {
        text
        for high in range(0xB0, 0xF8)
        for low in range(0xA1, 0xFF)
        if (text := bytes((high, low)).decode("gb2312", "ignore"))
    }
    assert len(gb2312) == 6763
    others = "ABCxyz 0123456789 éüßñÅøŒ ΑΩαω АЯаяЁё “”‘’…–—•→★☆●■▲│┌ あいうアイウ、。「」ー ＡＢ！ €£¥ 臺灣龍體 図読"
    assert {text for text in gb2312 | set(others) - {" "} if not lettering.has(lettering.FONT, text)} == set()
    for absent in "\u0627\u0905\ud55c\U0001f431\ufffd":
        assert not lettering.has(lettering.FONT, absent)


def test_the_font_is_small_and_has_its_licence_beside_it(repository):
    folder = repository / "beautifier" / "images" / "fonts"
    assert (folder / "BeautifierSans-Regular.otf").stat().st_size < 2_500_000
    licence = (folder / "OFL.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence and "Copyright 2014-2021 Adobe" in licence
    assert "BeautifierSans-Regular.otf" in (repository / "NOTICE").read_text(encoding="utf-8")


def picture_of_text(text, size=40):
    image = Image.new("L", (round(lettering.width(text, size)) + 20, 80))
    lettering.draw_text(ImageDraw.Draw(image), (5, 5), text, size, 255)
    return image


@pytest.mark.parametrize("text", ["a castle", "夜晚的城堡", "お城", "Замок", "Ωμεγα", "1 girl, 一个女孩 ★"])
def test_text_of_the_font_is_pillows_own(text):
    """As drawn by Pillow in one call, which knows nothing of runs."""
    own = ImageFont.truetype(lettering.FONT, 40)
    expected = Image.new("L", picture_of_text(text).size)
    ImageDraw.Draw(expected).text((5, 5 + round(40 * lettering.BASELINE)), text, 255, own, anchor="ls")
    assert ImageChops.difference(picture_of_text(text), expected).getbbox() is None
    assert lettering.width(text, 40) == own.getlength(text)


def test_different_characters_look_different():
    looks = {hashlib.sha256(picture_of_text(text).tobytes()).hexdigest() for text in "夜晚的城堡お城ЗамокΩμγ"}
    assert len(looks) == len("夜晚的城堡お城ЗамокΩμγ") - 1  # the castle is there twice


@pytest.mark.parametrize("text", ["العربية", "한국어", "ไทย", "zażółć", "हिन्दी"])
def test_other_scripts_come_from_fonts_of_the_system(text):
    letters = [character for character in text if character.isalpha()]
    if any(lettering.font_for(character) == lettering.FONT for character in letters if character > "\u017f"):
        pytest.skip("no font of this system has them")
    for path, part in lettering.runs(text):
        assert all(lettering.has(path, character) for character in part)
    assert picture_of_text(text).getbbox()


@pytest.mark.parametrize(
    "text",
    [
        "العربية",
        "한국어",
        "🐱👩\u200d👩\u200d👧",
        "\ud800",
        "\ufffd",
        "\U000e0041\ue000",
        "a\u0301\u0316",
        "\x00\x07\n\t",
    ],
)
def test_without_any_other_font_there_are_boxes_and_no_errors(monkeypatch, text):
    monkeypatch.setattr(lettering, "SYSTEM_FONTS", ())
    lettering.font_for.cache_clear()
    shown = lettering.cleaned(text)
    assert {path for path, _ in lettering.runs(shown)} <= {lettering.FONT}
    assert bool(shown) == bool(picture_of_text(shown).getbbox())
    draw_grid(columns(RED, name=text, prompt=text * 50), title=text)
    lettering.font_for.cache_clear()


def test_without_raqm_arabic_is_at_least_read_from_the_right(monkeypatch):
    monkeypatch.setattr(lettering.features, "check", lambda name: False)
    assert lettering.shaped("\u0627\u0628 \u062c") == "\u062c \u0628\u0627"
    assert lettering.shaped("abc") == "abc"


def test_a_comma_behind_arabic_belongs_to_what_follows(monkeypatch):
    arabic = "font of Arabic"
    monkeypatch.setattr(lettering, "has", lambda path, character: path == arabic or not "\u0600" < character < "\u06ff")
    monkeypatch.setattr(lettering, "font_for", lambda character: arabic if character > "\u0600" else lettering.FONT)
    found = lettering.runs("cat, \u0642\u0637\u0629 \u0628, dog")
    assert found == [
        (lettering.FONT, "cat, "),
        (arabic, "\u0642\u0637\u0629 \u0628"),
        (lettering.FONT, ", dog"),
    ]


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("  a\n\ncat\t ", "a cat"),
        ("e\u0301", "é"),
        ("a\u200bb\ufeffc\u00add", "abcd"),
        ("❤\ufe0f", "❤"),
        ("\u202eabc\u202c", "abc"),
        ("a\u2028b", "a b"),
    ],
)
def test_cleaned(text, clean):
    assert lettering.cleaned(text) == clean


@settings(deadline=None, max_examples=60)
@given(
    st.text(st.sampled_from("ab i,.W 夜晚的，。「」城あー（）\n—\U00020000É"), max_size=200),
    st.integers(60, 400),
    st.integers(1, 6),
)
def test_lines_fit_and_lose_nothing_that_no_ellipsis_stands_for(text, room, most):
    lines = lettering.wrapped(text, 20, room, most)
    assert len(lines) <= most and all(lines)
    for line in lines:
        assert lettering.width(line, 20) <= room and line == line.strip()
    wanted = "".join(text.split())
    shown = "".join("".join(lines).split())
    if shown != wanted:
        assert len(lines) == most and lines[-1].endswith("…") and wanted.startswith(shown[:-1])


def test_lines_end_where_a_reader_expects_it():
    words = lettering.wrapped("the quick brown fox jumps over the lazy dog", 20, 150, 9)
    assert " ".join(words) == "the quick brown fox jumps over the lazy dog" and len(words) > 2
    for line in lettering.wrapped(CHINESE * 3, 20, 210, 99)[:-1]:
        assert line[0] not in "，。、）」"
        assert lettering.width(line, 20) > 210 - 3 * 20  # lines of Chinese are filled, not broken at commas


def test_the_card_is_there():
    assert box_of(draw_grid(columns(RED, size=(300, 300))), CARD)
