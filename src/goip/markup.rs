//! The pieces of an XML page, one after the other. Pure, and nothing is copied.
//!
//! What a box writes is XML by hand: `&` and `<` stand raw in values, white space before `<?xml`, and
//! the encoding that it names is not the page's. A library that keeps XML 1.0 refuses such a page, and
//! would take 64 KiB of a MIPS program besides.

/// The largest number of tags that may be open at a time. The pages have two levels.
pub(super) const MAX_DEPTH: usize = 16;

/// A piece of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// `<name …>`, or with `empty` `<name …/>`, which nothing closes.
    Start { name: &'a str, empty: bool },
    /// `</name>`.
    End(&'a str),
    /// What stands between tags, with its entities: for [`push_text`].
    Text(&'a str),
    /// What stands in `<![CDATA[…]]>`, to be taken as it is.
    Data(&'a str),
}

/// Reads a page piece by piece. Comments and instructions are passed over.
#[derive(Debug)]
pub(super) struct Pieces<'a> {
    rest: &'a str,
}

impl<'a> Pieces<'a> {
    pub(super) fn of(page: &'a str) -> Self {
        Self { rest: page }
    }

    /// The next piece; `None` behind the last.
    ///
    /// # Errors
    /// In words, if the page ends inside a tag, or has a DOCTYPE: that declares entities, or says
    /// that this is HTML.
    pub(super) fn next(&mut self) -> Result<Option<Piece<'a>>, &'static str> {
        loop {
            let text = begin_of_tag(self.rest);
            if text > 0 {
                let (text, rest) = self.rest.split_at(text);
                self.rest = rest;
                return Ok(Some(Piece::Text(text)));
            }
            let Some(tag) = self.rest.strip_prefix('<') else { return Ok(None) };
            if let Some(comment) = tag.strip_prefix("!--") {
                self.up_to(comment, "-->")?;
            } else if let Some(data) = tag.strip_prefix("![CDATA[") {
                return Ok(Some(Piece::Data(self.up_to(data, "]]>")?)));
            } else if tag.starts_with('!') {
                return Err("page with a DOCTYPE");
            } else if let Some(instruction) = tag.strip_prefix('?') {
                self.up_to(instruction, "?>")?;
            } else if let Some(name) = tag.strip_prefix('/') {
                return Ok(Some(Piece::End(self.up_to(name, ">")?.trim_end())));
            } else {
                let end = end_of_tag(tag).ok_or(CUT_OFF)?;
                let (inside, rest) = (&tag[..end], &tag[end + 1..]);
                self.rest = rest;
                let open = inside.strip_suffix('/');
                let name = open.unwrap_or(inside).split(char::is_whitespace).next().unwrap_or_default();
                return Ok(Some(Piece::Start { name, empty: open.is_some() }));
            }
        }
    }

    /// What stands in `text` before `end`; goes on behind that.
    fn up_to(&mut self, text: &'a str, end: &str) -> Result<&'a str, &'static str> {
        let (inside, rest) = text.split_once(end).ok_or(CUT_OFF)?;
        self.rest = rest;
        Ok(inside)
    }
}

/// Why a page that ends too early is refused.
pub(super) const CUT_OFF: &str = "page cut off";

/// Where a tag, a comment or an instruction begins; the end of `text` if none does. A `<` before
/// something else is a character of a value.
fn begin_of_tag(text: &str) -> usize {
    let begins = |(at, _): &(usize, &str)| {
        let next = text[at + 1..].chars().next();
        next.is_none_or(|c| c.is_alphabetic() || ['/', '!', '?', '_', ':'].contains(&c))
    };
    text.match_indices('<').find(begins).map_or(text.len(), |(at, _)| at)
}

/// Where the `>` of a start tag stands; one inside quotes is not it.
fn end_of_tag(tag: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in tag.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

/// The beginning of `text`, at most so many bytes of it.
pub(super) fn head_of(text: &str, bytes: usize) -> &str {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Appends `text` to `out`: characters for entities, an `&` that begins none as it stands, and no
/// control characters but white space.
pub(super) fn push_text(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        let mut shown = c;
        if let ('&', Some((character, behind))) = (c, entity(rest)) {
            (shown, rest) = (character, behind);
        }
        if !shown.is_control() || shown.is_whitespace() {
            out.push(shown);
        }
    }
}

/// The character of the entity that `text` begins with, behind its `&`, and what follows it.
pub(super) fn entity(text: &str) -> Option<(char, &str)> {
    // Not up to the next `;` wherever it stands: a page of nothing but `&` would be searched through for each.
    let end = text.bytes().position(|b| !b.is_ascii_alphanumeric() && b != b'#' && b != b'+')?;
    let (name, rest) = (&text[..end], text[end..].strip_prefix(';')?);
    let c = match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)?
        }
    };
    Some((c, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(page: &str) -> Result<Vec<Piece<'_>>, &'static str> {
        let mut pieces = Pieces::of(page);
        let mut all = Vec::new();
        while let Some(piece) = pieces.next()? {
            all.push(piece);
        }
        Ok(all)
    }

    const fn start(name: &str) -> Piece<'_> {
        Piece::Start { name, empty: false }
    }

    const fn empty(name: &str) -> Piece<'_> {
        Piece::Start { name, empty: true }
    }

    #[test]
    fn a_page_comes_in_pieces() {
        for (page, expected) in [
            ("", &[][..]),
            ("a", &[Piece::Text("a")]),
            ("<a>b</a>", &[start("a"), Piece::Text("b"), Piece::End("a")]),
            ("<?xml version='1.0'?><a/>", &[empty("a")]),
            ("<a b='/>' c=\">\"\n/></x >", &[empty("a"), Piece::End("x")]),
            ("<a\tb/>", &[empty("a")]),
            ("<!-- <a> --><![CDATA[<b>&]]>", &[Piece::Data("<b>&")]),
            ("1 < 2 <3 <", &[]),
        ] {
            let expected =
                if expected.is_empty() && !page.is_empty() { Err(CUT_OFF) } else { Ok(expected.to_vec()) };
            assert_eq!(pieces(page), expected, "{page}");
        }
        assert_eq!(pieces("1 < 2 <3<\u{e4}>"), Ok(vec![Piece::Text("1 < 2 <3"), start("\u{e4}")]));
    }

    #[test]
    fn a_page_that_ends_inside_a_tag_is_cut_off() {
        for page in
            ["<", "<a", "<a b='>", "</", "</a", "<!--", "<!-- --", "<![CDATA[", "<![CDATA[]]", "<?", "<?x "]
        {
            assert!(pieces(page).is_err(), "{page}");
        }
        assert_eq!(pieces("<!DOCTYPE html>"), Err("page with a DOCTYPE"));
    }

    #[test]
    fn entities_are_characters_and_other_ampersands_are_themselves() {
        for (text, expected) in [
            ("a&amp;b&lt;&gt;&quot;&apos;", "a&b<>\"'"),
            ("&#65;&#x42;&#X43;", "ABC"),
            ("AT&T &nbsp; &; & &#xD800; &#0;", "AT&T &nbsp; &; & &#xD800; "),
            ("&amp;lt;", "&lt;"),
            ("&#000065;&#+65;&lt &lt,; &\u{e4};", "AA&lt &lt,; &\u{e4};"),
            ("a\u{1}\tb\u{7f}\n", "a\tb\n"),
        ] {
            let mut out = String::new();
            push_text(&mut out, text);
            assert_eq!(out, expected);
        }
    }
}
