//! Regular expressions, as far as the answer of an operator needs them: what stands in a
//! configuration to find the balance in «Saldo: 12,50 EUR». They are searched in time that grows
//! with pattern times text and no faster, whatever they are.
//!
//! There are characters, `.`, `[a-z]`, `[^a-z]`, `\d`, `\s`, `\w`, `\` before anything that is no
//! letter, `^`, `$`, `(…)`, `(?:…)`, `|`, and `*`, `+`, `?`, `{2}`, `{2,}`, `{2,5}`, each of them
//! with a `?` behind it for as little as possible.

/// The longest pattern, in bytes.
pub const MAX_PATTERN_BYTES: usize = 128;

/// The most steps a pattern comes to: counted repeats are written out.
const MAX_STEPS: usize = 512;

/// The most of a text that is searched, in characters: an answer has 182 at most, and a box may
/// show several in one.
const MAX_CHARS: usize = 1024;

/// How deep groups may lie in one another.
const MAX_DEPTH: u8 = 8;

/// One step of the search. Jumps count from the step itself, so that steps can be copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// One character in, or not in, these ranges.
    OneOf {
        from: u16,
        to: u16,
        not: bool,
    },
    /// Goes on at both, the first one preferred.
    Split(i16, i16),
    /// Goes on there.
    Jump(i16),
    /// The first group begins (0) or ends (1) here.
    Mark(u8),
    Begin,
    End,
}

/// A regular expression.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pattern {
    steps: Vec<Step>,
    ranges: Vec<(char, char)>,
}

impl Pattern {
    /// The pattern in `text`.
    ///
    /// # Errors
    /// What is wrong with it and at which byte, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { text, at: 0, pattern: Self::default(), groups: 0 };
        let problem = match parser.alternatives(0) {
            Ok(()) if text.len() > MAX_PATTERN_BYTES => "is longer than 128 bytes",
            Ok(()) if parser.at < text.len() => "has a ')' without its '('",
            Ok(()) => return Ok(parser.pattern),
            Err(problem) => problem,
        };
        Err(format!("{problem} (byte {})", parser.at + 1))
    }

    /// What the first group of the pattern takes in the first place of `text` that fits; if there is
    /// no group, what all of it takes.
    pub fn find<'a>(&self, text: &'a str) -> Option<&'a str> {
        let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        let places: Vec<usize> = ends.take(MAX_CHARS + 1).collect();
        // What failed once at a place fails there again.
        let mut failed = vec![0u8; (self.steps.len() + 1) * places.len() / 8 + 1];
        let mut group = [None; 2];
        for begin in 0..places.len() {
            if let Some(end) = self.run(text, &places, begin, &mut failed, &mut group) {
                let [from, to] = [group[0].unwrap_or(begin), group[1].unwrap_or(end)];
                return text.get(places[from]..places[to]);
            }
        }
        None
    }

    /// Where the pattern ends if it begins at that place.
    fn run(
        &self,
        text: &str,
        places: &[usize],
        begin: usize,
        failed: &mut [u8],
        group: &mut [Option<usize>; 2],
    ) -> Option<usize> {
        // What is still to be tried: a step and a place, or a mark that is to be taken back.
        let mut left = vec![Left::Try(0, begin)];
        while let Some(next) = left.pop() {
            let (mut step, mut at) = match next {
                Left::Try(step, at) => (step, at),
                Left::Restore(mark, before) => {
                    group[mark] = before;
                    continue;
                }
            };
            loop {
                let bit = step * places.len() + at;
                if failed[bit / 8] & 1 << (bit % 8) != 0 {
                    break;
                }
                failed[bit / 8] |= 1 << (bit % 8);
                let Some(&now) = self.steps.get(step) else { return Some(at) };
                let jump = |by: i16| step.wrapping_add_signed(isize::from(by));
                step = match now {
                    Step::OneOf { from, to, not } => {
                        let Some(c) = text[places[at]..].chars().next() else { break };
                        let ranges = &self.ranges[usize::from(from)..usize::from(to)];
                        if at + 1 == places.len() || ranges.iter().any(|&(a, b)| a <= c && c <= b) == not {
                            break;
                        }
                        at += 1;
                        step + 1
                    }
                    Step::Split(first, second) => {
                        left.push(Left::Try(jump(second), at));
                        jump(first)
                    }
                    Step::Jump(by) => jump(by),
                    Step::Mark(mark) => {
                        let mark = usize::from(mark);
                        left.push(Left::Restore(mark, group[mark].replace(at)));
                        step + 1
                    }
                    Step::Begin if at == 0 => step + 1,
                    Step::End if places[at] == text.len() => step + 1,
                    Step::Begin | Step::End => break,
                };
            }
        }
        None
    }
}

/// What a search has left to do.
enum Left {
    Try(usize, usize),
    Restore(usize, Option<usize>),
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    pattern: Pattern,
    groups: u8,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn takes(&mut self, c: char) -> bool {
        let is_there = self.peek() == Some(c);
        self.at += if is_there { c.len_utf8() } else { 0 };
        is_there
    }

    /// How many steps there are since `from`, as a jump.
    fn since(&self, from: usize) -> i16 {
        // MAX_STEPS is far below.
        (self.pattern.steps.len() - from) as i16
    }

    fn alternatives(&mut self, depth: u8) -> Result<(), &'static str> {
        let from = self.pattern.steps.len();
        loop {
            let begin = self.pattern.steps.len();
            while !matches!(self.peek(), None | Some('|' | ')')) {
                self.repeated(depth)?;
            }
            if !self.takes('|') {
                break;
            }
            let taken = self.since(begin);
            self.pattern.steps.insert(begin, Step::Split(1, taken + 2));
            // To the end, which is not known yet.
            self.pattern.steps.push(Step::Jump(0));
        }
        let end = self.pattern.steps.len();
        for at in from..end {
            if self.pattern.steps[at] == Step::Jump(0) {
                self.pattern.steps[at] = Step::Jump((end - at) as i16);
            }
        }
        Ok(())
    }

    fn repeated(&mut self, depth: u8) -> Result<(), &'static str> {
        let begin = self.pattern.steps.len();
        self.one(depth)?;
        let (least, most) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => self.counts()?,
            _ => return Ok(()),
        };
        self.at += 1;
        let either = if self.takes('?') { |a, b| Step::Split(b, a) } else { |a, b| Step::Split(a, b) };
        let once = self.pattern.steps.split_off(begin);
        let length = once.len() as i16;
        let steps = &mut self.pattern.steps;
        // As often as it must, then as often as it may.
        for _ in 0..least {
            steps.extend_from_slice(&once);
        }
        match most {
            None => {
                steps.push(either(1, length + 2));
                steps.extend_from_slice(&once);
                steps.push(Step::Jump(-length - 1));
            }
            Some(most) => {
                for left in (1..=most - least).rev() {
                    // What does not fit is too long anyway.
                    steps.push(either(1, (length + 1).wrapping_mul(left)));
                    steps.extend_from_slice(&once);
                    if steps.len() > MAX_STEPS {
                        break;
                    }
                }
            }
        }
        if steps.len() > MAX_STEPS { Err("repeats too much") } else { Ok(()) }
    }

    /// `{2}`, `{2,}` or `{2,5}`, up to the `}`.
    fn counts(&mut self) -> Result<(i16, Option<i16>), &'static str> {
        const FORM: &str =
            "has a '{' that no '{2}', '{2,}' or '{2,5}' begins with; write '\\{' for the character";
        self.at += 1;
        let least = self.count().ok_or(FORM)?;
        let most = if self.takes(',') { self.count() } else { Some(least) };
        let in_order = most.is_none_or(|most| most >= least);
        if in_order && self.peek() == Some('}') { Ok((least, most)) } else { Err(FORM) }
    }

    /// A number up to 99.
    fn count(&mut self) -> Option<i16> {
        let begin = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) && self.at < begin + 2 {
            self.at += 1;
        }
        let digits = &self.text.as_bytes()[begin..self.at];
        (!digits.is_empty()).then(|| digits.iter().fold(0, |n, d| n * 10 + i16::from(d - b'0')))
    }

    fn one(&mut self, depth: u8) -> Result<(), &'static str> {
        if self.pattern.steps.len() > MAX_STEPS {
            return Err("is too long");
        }
        let first = self.pattern.ranges.len();
        let mut not = false;
        match self.next() {
            Some('(') => return self.group(depth + 1),
            Some('^') => {
                self.pattern.steps.push(Step::Begin);
                return Ok(());
            }
            Some('$') => {
                self.pattern.steps.push(Step::End);
                return Ok(());
            }
            Some('*' | '+' | '?' | '{') => return Err("has a repeat with nothing before it"),
            Some('.') => self.pattern.ranges.push(('\0', char::MAX)),
            Some('\\') => not = self.escaped()?,
            Some('[') => {
                not = self.takes('^');
                self.class(first)?;
            }
            Some(c) => self.pattern.ranges.push((c, c)),
            None => return Err("ends too early"),
        }
        let [from, to] = [first, self.pattern.ranges.len()].map(|place| place as u16);
        self.pattern.steps.push(Step::OneOf { from, to, not });
        Ok(())
    }

    fn group(&mut self, depth: u8) -> Result<(), &'static str> {
        let silent = self.text[self.at..].starts_with("?:");
        self.at += if silent { 2 } else { 0 };
        let first = !silent && self.groups == 0;
        self.groups += u8::from(!silent);
        if depth > MAX_DEPTH {
            return Err("has groups too deep in one another");
        }
        if first {
            self.pattern.steps.push(Step::Mark(0));
        }
        self.alternatives(depth)?;
        if first {
            self.pattern.steps.push(Step::Mark(1));
        }
        if self.takes(')') { Ok(()) } else { Err("has a '(' without its ')'") }
    }

    /// What stands behind a `\`; says whether all but its ranges are meant.
    fn escaped(&mut self) -> Result<bool, &'static str> {
        let c = self.next().ok_or("ends with a '\\'")?;
        let ranges: &[(char, char)] = match c.to_ascii_lowercase() {
            'd' => &[('0', '9')],
            's' => &[('\t', '\r'), (' ', ' '), ('\u{a0}', '\u{a0}')],
            'w' => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
            other if other.is_ascii_alphanumeric() => return Err("has a '\\' before an unknown letter"),
            _ => &[(c, c)],
        };
        self.pattern.ranges.extend_from_slice(ranges);
        Ok(c.is_ascii_uppercase())
    }

    /// The ranges of a class, up to behind its `]`.
    fn class(&mut self, first: usize) -> Result<(), &'static str> {
        const OPEN: &str = "has a '[' without its ']'";
        loop {
            let c = match self.next().ok_or(OPEN)? {
                ']' if self.pattern.ranges.len() > first => return Ok(()),
                '\\' => {
                    if self.escaped()? {
                        return Err("has a '\\D', '\\S' or '\\W' inside '[]'");
                    }
                    continue;
                }
                c => c,
            };
            let is_range = self.peek() == Some('-') && !self.text[self.at..].starts_with("-]");
            let mut last = c;
            if is_range {
                self.at += 1;
                last = self.next().ok_or(OPEN)?;
            }
            if last < c {
                return Err("has a range whose end is before its beginning");
            }
            self.pattern.ranges.push((c, last));
        }
    }
}

#[cfg(test)]
mod tests;
