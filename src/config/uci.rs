//! The UCI syntax: bytes in, sections and options out, each with the line it came from. What a
//! section or an option means is never decided here.
//!
//! It reads what libuci reads in its strict mode, and refuses besides what libuci passes over in
//! silence: a bare `;` (libuci loses the rest of some such lines), a NUL, an empty word too many,
//! and bytes that are not UTF-8 outside of comments. The first error refuses the whole file.
//!
//! No error repeats a value: with a quote in the wrong place any word can be a password.

/// The most bytes a file may have. A site with 16 boxes and every option written out needs less
/// than a tenth of it.
pub const MAX_FILE_BYTES: usize = 64 * 1024;

/// The most sections of a file: together with [`MAX_VALUES`] it bounds the memory a file of the
/// allowed size can take, since the shortest commands are 4 bytes.
pub const MAX_SECTIONS: usize = 128;

/// The most options and list items of a file, all sections together.
pub const MAX_VALUES: usize = 1024;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A section, with what all its places in the file say.
#[cfg_attr(test, derive(Debug))]
pub struct Section {
    /// The type: `device` in `config device 'office'`. One or more bytes of 33 to 126.
    pub kind: String,
    /// The name: `[A-Za-z0-9_]+`, written or, for an anonymous section, made the way libuci does.
    pub name: String,
    /// Whether the file gives no name.
    pub anonymous: bool,
    /// The line of its first `config`, from 1.
    pub line: u32,
    /// The options in the order in which they were first written.
    pub options: Vec<Opt>,
}

/// An option, under the name and with the value that win.
#[cfg_attr(test, derive(Debug))]
pub struct Opt {
    /// `[A-Za-z0-9_]+`.
    pub name: String,
    /// The line of the command that changed it last, from 1; of a command over several lines the
    /// first.
    pub line: u32,
    /// The line of the last command that `option` overwrote, from 1. UCI lets the last one win;
    /// who finds two of them a mistake finds it here.
    pub replaced: Option<u32>,
    /// What it says.
    pub value: Value,
}

impl Opt {
    /// All that it says, in order, each value with its line.
    pub fn values(&self) -> impl Iterator<Item = (u32, &str)> {
        let (single, items) = match &self.value {
            Value::Single(text) => (Some((self.line, text.as_str())), [].as_slice()),
            Value::List(items) => (None, items.as_slice()),
        };
        single.into_iter().chain(items.iter().map(|i| (i.line, i.text.as_str())))
    }
}

/// What an option says. There is no `Debug` outside of tests: it may be a password.
#[cfg_attr(test, derive(Debug))]
pub enum Value {
    /// Of `option`; never empty, since an empty value sets nothing.
    Single(String),
    /// Of `list`, in order.
    List(Vec<Item>),
}

/// One value of a list. There is no `Debug` outside of tests: it may be a password.
#[cfg_attr(test, derive(Debug))]
pub struct Item {
    /// The line of its command, from 1.
    pub line: u32,
    /// What stands there, possibly nothing.
    pub text: String,
}

/// Where and why a file is not UCI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The line, from 1.
    pub line: u32,
    /// The byte in the line, from 1.
    pub byte: u32,
    /// The problem and its cure.
    pub text: String,
}

impl Section {
    /// The option of that name.
    pub fn option(&self, name: &str) -> Option<&Opt> {
        self.options.iter().find(|o| o.name == name)
    }

    /// Of `option`: replaces whatever stood there. An empty value sets nothing and takes nothing
    /// back.
    fn set(&mut self, name: String, line: u32, value: String) {
        if value.is_empty() {
            return;
        }
        let value = Value::Single(value);
        match self.options.iter_mut().find(|o| o.name == name) {
            Some(old) => {
                old.replaced = Some(old.line);
                old.line = line;
                old.value = value;
            }
            None => self.options.push(Opt { name, line, replaced: None, value }),
        }
    }

    /// Of `list`: one more item, also an empty one. A value set by `option` becomes the first.
    fn append(&mut self, name: String, line: u32, item: String) {
        let item = Item { line, text: item };
        let Some(old) = self.options.iter_mut().find(|o| o.name == name) else {
            let value = Value::List(vec![item]);
            return self.options.push(Opt { name, line, replaced: None, value });
        };
        match &mut old.value {
            Value::List(items) => items.push(item),
            Value::Single(first) => {
                let first = Item { line: old.line, text: std::mem::take(first) };
                old.value = Value::List(vec![first, item]);
            }
        }
        old.line = line;
    }
}

/// The sections of a file, in the order in which they were opened first.
///
/// # Errors
/// The first place that is not UCI, or more than the limits of this module allow.
pub fn parse(text: &[u8]) -> Result<Vec<Section>, SyntaxError> {
    let mut cursor = Cursor { text, at: 0, line: 1, line_start: 0 };
    if text.len() > MAX_FILE_BYTES {
        return Err(cursor
            .here()
            .error(format!("the file is longer than {MAX_FILE_BYTES} bytes; shorten it")));
    }
    if text.starts_with(BYTE_ORDER_MARK) {
        let cure = "the file begins with a byte order mark; save it as UTF-8 without one";
        return Err(cursor.here().error(cure));
    }
    let mut sections: Vec<Section> = Vec::new();
    let mut current = None;
    let mut values = 0;
    while let Some((at, keyword)) = cursor.keyword()? {
        let first = cursor.word()?.filter(|w| !w.text.is_empty());
        let second = cursor.word()?;
        if let Some(extra) = cursor.word()? {
            return Err(extra.at.error("too many words; put a value with blanks in quotes"));
        }
        let first = first.ok_or_else(|| at.error(keyword.lacks()))?;
        match keyword {
            Keyword::Package => {
                // It names the file's package, which the file's own name does already.
                if !first.text.bytes().all(|b| is_name_byte(b) || b == b'-') {
                    return Err(first.at.error("a package's name has only letters, digits, '_' and '-'"));
                }
                if let Some(extra) = second {
                    return Err(extra.at.error("too many words; 'package' takes only a name"));
                }
            }
            Keyword::Config => current = Some(open(&mut sections, at, first, second)?),
            Keyword::Option | Keyword::List => {
                let Some(section) = current.and_then(|i: usize| sections.get_mut(i)) else {
                    return Err(
                        at.error("an option before the first section; write a 'config' line above it")
                    );
                };
                first.check_name("an option's")?;
                values += 1;
                if values > MAX_VALUES {
                    return Err(at.error(format!("more than {MAX_VALUES} options; remove some")));
                }
                let value = second.map(|w| w.text).unwrap_or_default();
                match keyword {
                    Keyword::List => section.append(first.text, at.line, value),
                    _ => section.set(first.text, at.line, value),
                }
            }
        }
    }
    Ok(sections)
}

/// Opens a section, or opens it again, and gives its index.
fn open(
    sections: &mut Vec<Section>,
    at: Place,
    kind: Word,
    name: Option<Word>,
) -> Result<usize, SyntaxError> {
    if !kind.text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(kind.at.error("a section's type has only visible ASCII characters"));
    }
    let (name, anonymous) = match name.filter(|n| !n.text.is_empty()) {
        None => (anonymous_name(sections.len() + 1, &kind.text), true),
        Some(name) => {
            name.check_name("a section's")?;
            if let Some(index) = sections.iter().position(|s| s.name == name.text) {
                let first = &sections[index];
                if first.kind != kind.text {
                    return Err(name.at.error(format!(
                        "the section of line {} has this name and another type; give this one another name",
                        first.line
                    )));
                }
                return Ok(index);
            }
            (name.text, false)
        }
    };
    if sections.len() >= MAX_SECTIONS {
        return Err(at.error(format!("more than {MAX_SECTIONS} sections; remove some")));
    }
    sections.push(Section { kind: kind.text, name, anonymous, line: at.line, options: Vec::new() });
    Ok(sections.len() - 1)
}

/// What libuci calls the `count`-th section (from 1) if the file does not: `uci show` prints it.
fn anonymous_name(count: usize, kind: &str) -> String {
    let hash = kind.bytes().fold(5381_u32, |h, b| h.wrapping_mul(33).wrapping_add(u32::from(b)));
    format!("cfg{count:02x}{:04x}", hash & 0xffff)
}

fn is_name_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_'
}

/// C's `isspace`.
fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t'..=b'\r')
}

#[derive(Clone, Copy)]
enum Keyword {
    Package,
    Config,
    Option,
    List,
}

impl Keyword {
    fn from_word(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"package" | b"p" => Self::Package,
            b"config" | b"c" => Self::Config,
            b"option" | b"o" => Self::Option,
            b"list" | b"l" => Self::List,
            _ => return None,
        })
    }

    /// The error of a command without its first word.
    fn lacks(self) -> &'static str {
        match self {
            Self::Package => "'package' needs a name behind it",
            Self::Config => "'config' needs a section type behind it",
            Self::Option => "'option' needs a name and a value behind it",
            Self::List => "'list' needs a name and a value behind it",
        }
    }
}

#[derive(Clone, Copy)]
struct Place {
    line: u32,
    byte: u32,
}

impl Place {
    fn error(self, text: impl Into<String>) -> SyntaxError {
        SyntaxError { line: self.line, byte: self.byte, text: text.into() }
    }
}

struct Word {
    at: Place,
    text: String,
}

impl Word {
    fn check_name(&self, whose: &str) -> Result<(), SyntaxError> {
        if self.text.bytes().all(is_name_byte) {
            return Ok(());
        }
        Err(self.at.error(format!("{whose} name has only letters, digits and '_'; no dash, dot or blank")))
    }
}

struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
    line: u32,
    line_start: usize,
}

impl Cursor<'_> {
    fn here(&self) -> Place {
        Place { line: self.line, byte: (self.at - self.line_start + 1) as u32 }
    }

    /// # Errors
    /// A NUL: to libuci it ends the line, and what stands behind it is lost.
    fn peek(&self) -> Result<Option<u8>, SyntaxError> {
        match self.text.get(self.at) {
            Some(0) => Err(self.here().error("a NUL byte; the file is damaged or no text, write it anew")),
            byte => Ok(byte.copied()),
        }
    }

    fn advance(&mut self) {
        self.at += 1;
        if self.text.get(self.at - 1) == Some(&b'\n') {
            self.line += 1;
            self.line_start = self.at;
        }
    }

    /// Passes over what `passed` holds for.
    fn skip(&mut self, passed: impl Fn(u8) -> bool) -> Result<(), SyntaxError> {
        while self.peek()?.is_some_and(&passed) {
            self.advance();
        }
        Ok(())
    }

    /// Passes over a line's end, whether LF or CRLF, and tells if there was one.
    fn line_end(&mut self) -> bool {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let bytes = match rest {
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            _ => 0,
        };
        (0..bytes).for_each(|_| self.advance());
        bytes > 0
    }

    /// The keyword of the next command, and its place; `None` at the end of the file.
    fn keyword(&mut self) -> Result<Option<(Place, Keyword)>, SyntaxError> {
        loop {
            self.skip(is_space)?;
            match self.peek()? {
                None => return Ok(None),
                Some(b'#') => self.skip(|b| b != b'\n')?,
                Some(_) => break,
            }
        }
        let (at, start) = (self.here(), self.at);
        // Only blank and tab end a keyword; the line's end means that it stands alone.
        self.skip(|b| !matches!(b, b' ' | b'\t' | b'\n'))?;
        match Keyword::from_word(&self.text[start..self.at]) {
            Some(keyword) => Ok(Some((at, keyword))),
            None => Err(at.error(
                "the line begins with none of 'config', 'option', 'list' and 'package', without quotes; put '#' before a comment",
            )),
        }
    }

    /// The next word of the command: a run of bare, `'…'` and `"…"` pieces. `None` where the line
    /// ends or a comment begins.
    fn word(&mut self) -> Result<Option<Word>, SyntaxError> {
        self.skip(|b| is_space(b) && b != b'\n')?;
        let at = self.here();
        if matches!(self.peek()?, None | Some(b'\n' | b'#')) {
            self.skip(|b| b != b'\n')?;
            return Ok(None);
        }
        let mut bytes = Vec::new();
        while let Some(byte) = self.peek()? {
            match byte {
                b'\'' | b'"' => self.quoted(byte, &mut bytes)?,
                b'\\' => self.escaped(&mut bytes)?,
                // Also in the middle of a word: `foo#bar` is `foo`.
                b'#' => break,
                b';' => {
                    return Err(self.here().error("a ';' outside of quotes; put the value in quotes"));
                }
                _ if is_space(byte) => break,
                _ => {
                    bytes.push(byte);
                    self.advance();
                }
            }
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(Word { at, text })),
            Err(_) => Err(at.error("a word is not UTF-8; save the file as UTF-8")),
        }
    }

    /// A piece in quotes. In single ones everything is literal, in double ones `\` escapes; a
    /// line's end belongs to the value in both.
    fn quoted(&mut self, quote: u8, into: &mut Vec<u8>) -> Result<(), SyntaxError> {
        let open = self.here();
        self.advance();
        while let Some(byte) = self.peek()? {
            match byte {
                b'\\' if quote == b'"' => self.escaped(into)?,
                _ => {
                    self.advance();
                    if byte == quote {
                        return Ok(());
                    }
                    into.push(byte);
                }
            }
        }
        let quote = char::from(quote);
        Err(open.error(format!("this quote is never closed; write another {quote} where the value ends")))
    }

    /// `\c` is c whatever c is, so `\n` is n; `\` at the end of a line joins the next one.
    fn escaped(&mut self, into: &mut Vec<u8>) -> Result<(), SyntaxError> {
        self.advance();
        if self.line_end() {
            return Ok(());
        }
        if let Some(byte) = self.peek()? {
            into.push(byte);
            self.advance();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
