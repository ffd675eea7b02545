use super::*;

/// One mark a letter.
fn marks(letters: &str) -> Vec<Mark> {
    letters.chars().map(|c| Mark(u64::from(c))).collect()
}

/// As letters, for reading.
fn letters<'a>(marks: impl IntoIterator<Item = &'a Mark>) -> String {
    marks.into_iter().filter_map(|mark| char::from_u32(mark.0 as u32)).collect()
}

fn window(known: &str) -> Window {
    Window::new(true, true, &marks(known))
}

/// Newest first, from the oldest first, in which the tests think.
fn page(oldest_first: &str) -> Vec<Mark> {
    marks(oldest_first).into_iter().rev().collect()
}

/// Takes what a page says into the window, as the caller is told to. Gives the new messages.
fn take(window: &mut Window, page: &[Mark]) -> (String, Seen) {
    let seen = window.compare(page);
    if let Some(before) = &seen.before {
        *window = before.clone();
    }
    let new: Vec<Mark> = seen.new.iter().map(|&place| page[usize::from(place)]).collect();
    new.iter().for_each(|mark| window.note(*mark, seen.old));
    if let Some(behind) = &seen.behind {
        *window = behind.clone();
    }
    (letters(&new), seen)
}

#[test]
fn what_stands_above_the_known_tail_is_new() {
    for (what, known, shown, new, gap) in [
        ("nothing has happened", "abc", "abc", "", false),
        ("one more", "abc", "abcd", "d", false),
        ("the oldest was pushed out", "abc", "bcd", "d", false),
        ("all but one were pushed out", "abc", "cdefg", "defg", false),
        ("two that are alike", "ab", "abb", "b", false),
        ("and one more of them", "abb", "abbb", "b", false),
        ("one like an old one", "abc", "abca", "a", false),
        ("the same again in the same order", "abc", "abcabc", "abc", false),
        ("a slot was deleted", "abc", "ac", "", false),
        ("slots were deleted and one came", "abcd", "bd!", "!", false),
        ("the newest was deleted and one came", "abc", "abd", "d", false),
        ("the window was wiped", "abc", "", "", false),
        ("it was wiped and some came", "abc", "de", "de", true),
        ("it was wiped and some came, one like an old one", "abc", "dbe", "de", true),
        ("and two like one old one", "abc", "dbb", "db", true),
        ("the box shows an older state", "abcdef", "abc", "", false),
        ("and from there goes on", "abcdef", "abcg", "g", false),
        ("the first that ever came", "", "a", "a", false),
    ] {
        let (told, seen) = take(&mut window(known), &page(shown));
        assert_eq!((&*told, seen.gap, seen.old), (new, gap, false), "{what}: {known}, {shown}");
    }
}

#[test]
fn an_unmoved_window_gives_nothing_whatever_came_before() {
    for (known, shown) in
        [("", "a"), ("abc", "de"), ("abc", "dbe"), ("abc", "cba"), ("abc", "dcbbaa"), ("aa", "a")]
    {
        let mut window = window(known);
        take(&mut window, &page(shown));
        let (new, seen) = take(&mut window, &page(shown));
        assert_eq!((&*new, seen), ("", Seen::default()), "{known}, {shown}");
        let (new, _) = take(&mut window, &page(&format!("{shown}z")));
        assert_eq!(new, "z", "{known}, {shown}");
    }
}

#[test]
fn the_first_page_is_old_and_the_second_is_not() {
    let mut window = Window::default();
    let (all, seen) = take(&mut window, &page("abc"));
    assert_eq!((&*all, seen.old, seen.gap), ("abc", true, false));
    assert!(window.is_known() && window.is_settled());
    let (new, seen) = take(&mut window, &page("abcd"));
    assert_eq!((&*new, seen.old), ("d", false));
}

#[test]
fn an_empty_first_page_is_a_first_page() {
    let mut window = Window::default();
    let (all, seen) = take(&mut window, &[]);
    assert_eq!((&*all, seen.behind), ("", Some(window.clone())));
    let (new, seen) = take(&mut window, &page("a"));
    assert_eq!((&*new, seen.old, seen.gap), ("a", false, false));
}

#[test]
fn a_first_page_that_was_cut_off_while_it_was_written_down_goes_on_as_old() {
    let shown = page("abc");
    for written in 0..=3 {
        let mut window = Window::default();
        marks("abc")[..written].iter().for_each(|mark| window.note(*mark, true));
        let (rest, seen) = take(&mut window, &shown);
        assert_eq!((&*rest, seen.old), (&"abc"[written..], true));
        assert_eq!(take(&mut window, &shown).1, Seen::default());
    }
}

#[test]
fn a_page_without_order_that_was_cut_off_while_it_was_written_down_doubles_nothing() {
    let shown = page("dbeb");
    let seen = window("abc").compare(&shown);
    for written in 0..=seen.new.len() {
        let mut window = seen.before.clone().unwrap();
        for &place in &seen.new[..written] {
            window.note(shown[usize::from(place)], false);
        }
        let (rest, again) = take(&mut window, &shown);
        assert_eq!((&*rest, again.gap), (&"deb"[written..], true));
        assert_eq!(take(&mut window, &shown).1, Seen::default());
    }
}

#[test]
fn a_full_page_of_which_nothing_is_known_may_have_lost_some() {
    let all = "abcdefghijklmnopqrstuvwxyz";
    let (new, seen) = take(&mut window(""), &page(&all[..FULL_SLOTS - 1]));
    assert_eq!((&*new, seen.gap), (&all[..FULL_SLOTS - 1], false));
    let (new, seen) = take(&mut window(""), &page(&all[..FULL_SLOTS]));
    assert_eq!((&*new, seen.gap), (&all[..FULL_SLOTS], true));
}

#[test]
fn so_many_are_remembered_and_no_more() {
    let letters: String = ('\u{100}'..).take(REMEMBERED + 1).collect();
    let mut window = window("");
    marks(&letters).into_iter().for_each(|mark| window.note(mark, false));
    assert_eq!(window.marks(), &marks(&letters)[1..]);
    assert_eq!(Window::new(true, true, &marks(&letters)), window);
    // The oldest one is forgotten, so it is new.
    let first: String = letters.chars().take(1).collect();
    let (new, seen) = take(&mut window, &page(&first));
    assert_eq!((new, seen.gap), (first, true));
}

#[test]
fn an_entry_is_remembered_for_as_long_as_the_page_shows_it() {
    let mut window = window("a");
    // One stays, and all others are deleted again and again.
    for round in 0..20 {
        let others = ('\u{100}'..).skip(round * 19).take(19);
        let shown: String = core::iter::once('a').chain(others).collect();
        let (new, seen) = take(&mut window, &page(&shown));
        assert_eq!((&*new, seen.gap), (&shown[1..], false), "{round}");
        assert!(window.marks().len() <= REMEMBERED);
        assert_eq!(take(&mut window, &page(&shown)).1, Seen::default(), "{round}");
    }
}

#[test]
fn more_slots_than_are_looked_at_are_as_if_they_were_not_there() {
    let all: String = ('\u{100}'..).take(MAX_SLOTS + 9).collect();
    let mut window = window("");
    let (new, seen) = take(&mut window, &page(&all));
    let newest: String = all.chars().skip(9).collect();
    assert_eq!((new, seen.gap), (newest, true));
    assert_eq!(take(&mut window, &page(&all)).1, Seen::default());
}

#[test]
fn a_window_that_was_lost_is_known_by_what_is_not_old() {
    let mut window = Window::default();
    window.note(Mark(1), true);
    assert!(!window.is_known());
    window.note(Mark(2), false);
    assert_eq!(window, Window::new(true, true, &[Mark(1), Mark(2)]));
}

#[test]
fn a_mark_is_made_of_all_three_fields_and_of_where_they_end() {
    let mark = Mark::new("07-03 12:54:04", "777", "prueba");
    // Fixed: journals hold it.
    assert_eq!(mark, Mark(0x364B_25A5_F5A1_B5E2));
    for (time, from, text) in [
        ("07-03 12:54:05", "777", "prueba"),
        ("07-03 12:54:04", "778", "prueba"),
        ("07-03 12:54:04", "777", "Prueba"),
        ("07-03 12:54:047", "77", "prueba"),
        ("07-03 12:54:04", "777p", "rueba"),
        ("", "", ""),
    ] {
        assert_ne!(Mark::new(time, from, text), mark);
    }
}
