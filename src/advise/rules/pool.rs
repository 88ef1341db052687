//! Lesson 4: large buffers that are made anew each time, and slices that are boxed into a pool.

use crate::advise::Shape;
use crate::advise::cost_class::{Class, REUSABLE};
use crate::advise::rule::{Advice, Evidence, Measure, Rule, What};
use crate::escape;
use crate::number::grouped;

/// The rule.
pub(crate) const RULE: Rule = Rule {
    id: "GBO304",
    lesson: 4,
    summary: "a buffer, a map or a slice is made for each use and dropped, or a slice is boxed by Put",
    manual: "\
What it sees: in a heap profile, a line whose objects are a kilobyte or larger on average, of which
at least fifty times as much was allocated as is in use: they live for one use; buffers, and structs
behind a pointer that does not leave the function, or, in a loop, whose type has a Reset. And, in a CPU
profile, a slice or a struct that is stored in an interface on a line that calls Put. In either, at
least 1.5 % in making what has a Reset method: compressors, decompressors; buffered readers and writers
that are made in a loop, or take 10 %; or, in a loop, in the buffers of a bufio.Scanner; and in what image/png makes
where its Encoder has no BufferPool. Maps and slices that each round of a loop makes, fills and leaves
behind; a bufio.Reader or Scanner before strings.NewReader, which is in memory already; csv.Reader
without ReuseRecord, where records are only looked at. Silent about what callers get: one per document is what they are for.
Silent in a profile of tests, which do again and again what a program does once.

Why it matters: a large object has to be cleared when it is made, and brings the next collection
nearer. A compressor has a megabyte of tables. Put([]byte) allocates a slice header each time, which is what the pool should save.

What to do: keep such buffers in a sync.Pool, or hand one down from the caller; put pointers to
slices into it, and drop those that grew above a limit.

When not to: below a kilobyte a pool costs about what it saves; and a buffer that anybody still holds
when it is put back is a bug that no test finds.",
    run,
};

/// Bytes from which on a pool pays.
const LARGE: i64 = 1024;

/// Percent from which on a pool is worth its code.
const LEAST: f64 = 1.5;

/// How much more than what is in use must have been allocated.
const CHURN: i64 = 50;

fn run(it: &Evidence<'_>) -> Option<Advice> {
    let shape = it.shape?;
    if let What::Call(callee) = it.what {
        return of_memory(it, callee, shape)
            .or_else(|| record(it, callee, shape))
            .or_else(|| reusable(it, callee, shape));
    }
    if let Some(advice) = scratch(it, shape) {
        return Some(advice);
    }
    let puts = shape.calls.iter().any(|call| call.0.ends_with(".Put"));
    if it.measure == Measure::Cpu && it.is(Class::Boxing) && puts {
        return Some(Advice {
            seen: format!(
                "Put stores a value in an interface, which allocates ({})",
                it.entry()
            ),
            attempt: "put a pointer into the pool: `pool.Put(&buffer)`, and get a pointer".into(),
            unless: "the pool is not on the hot path".into(),
        });
    }
    if it.measure != Measure::Allocated {
        return None;
    }
    let memory = it.memory?;
    let buffers = ["make([]byte", "bytes.Buffer", "bufio.New"];
    let makes = buffers.iter().any(|buffer| shape.text.contains(buffer));
    // What is returned, or stored somewhere, belongs to somebody else.
    let makes = makes && !shape.text.starts_with("return ") && !shape.leaves && !shape.wrapped;
    let average = memory.bytes.checked_div(memory.objects)?;
    let short_lived = memory.bytes / CHURN >= memory.in_use;
    if average < LARGE || !short_lived || it.share.lower() < LEAST {
        return None;
    }
    // Whoever made a struct of this size has a buffer or a table in it; what is data is smaller.
    if it.is(Class::New) && it.sites.iter().any(|site| site.0 == escape::Class::New) {
        return structs(shape, average);
    }
    if !makes {
        return None;
    }
    Some(Advice {
        seen: format!(
            "buffers of {} bytes on average are made here and soon dropped",
            grouped(average.unsigned_abs())
        ),
        attempt: "reuse them: a sync.Pool of pointers, or a buffer that the caller keeps".into(),
        unless: "somebody may still hold the buffer when it is put back".into(),
    })
}

/// The Go that has `clear`.
const CLEARS: (u32, u32) = (1, 21);

/// A map or a slice of one round of a loop, which the next round could fill again.
fn scratch(it: &Evidence<'_>, shape: &Shape) -> Option<Advice> {
    let of_it = [Class::MapGrow, Class::Append, Class::Make, Class::New];
    let measured = matches!(it.measure, Measure::Cpu | Measure::Allocated);
    let is_of_it = of_it.iter().any(|class| it.is(*class)) && it.via().is_empty();
    if !measured || !is_of_it || it.share.lower() < LEAST {
        return None;
    }
    let found = shape.scratch.as_ref()?;
    let (name, line) = (&found.name, found.looped_on);
    let (what, empty) = match (found.is_map, it.go >= CLEARS) {
        (true, true) => ("map", format!("clear({name})")),
        (true, false) => (
            "map",
            format!("for k := range {name} {{ delete({name}, k) }}"),
        ),
        (false, _) => ("slice", format!("{name} = {name}[:0]")),
    };
    Some(Advice {
        seen: format!("each round of the loop on line {line} makes the {what} `{name}` anew, fills it and drops it"),
        attempt: format!("make it once before the loop, and empty it in each round: `{empty}`"),
        unless: match found.is_map {
            true => "one round fills it far more than the others: clearing takes time by the largest size that the map ever had",
            false => "the loop runs once or twice",
        }
        .into(),
    })
}

/// A buffer before a reader of memory.
fn of_memory(it: &Evidence<'_>, callee: &str, shape: &Shape) -> Option<Advice> {
    let is_reader = callee == "bufio.NewReaderSize" || callee == "bufio.(*Scanner).Scan";
    let measured = it.measure == Measure::Allocated && it.share.lower() >= LEAST;
    (is_reader && measured && shape.of_memory).then(|| Advice {
        seen: "a bufio.Reader or Scanner allocates a buffer of 4 KiB to read what is in memory already".into(),
        attempt: match it.go >= (1, 24) {
            true => "for lines range over strings.Lines or bytes.Lines, else cut at the separator (strings.Cut, bytes.Cut); bytes and runes come from the strings.Reader itself",
            false => "cut at the separator: strings.Cut, bytes.Cut; bytes and runes come from the strings.Reader itself",
        }
        .into(),
        unless: "the end counts: what a last line without a newline, or an empty text, gives has to stay the same".into(),
    })
}

/// Percent of the allocated bytes from which on a list of fields is worth a setting: the text of the fields is made all the same.
const RECORDS: f64 = 3.0;

/// The list of fields of a record of CSV, which the next record could use.
fn record(it: &Evidence<'_>, callee: &str, shape: &Shape) -> Option<Advice> {
    let measured = it.measure == Measure::Allocated && it.share.lower() >= RECORDS;
    let is_csv = callee == "encoding/csv.(*Reader).Read";
    (is_csv && measured && shape.record_of_round).then(|| Advice {
        seen: "csv.Reader makes the list of fields anew for each record, and here it is only looked at".into(),
        attempt: "set `reader.ReuseRecord = true` where the reader is made: strings that were taken from a record stay valid, only the list is used again".into(),
        unless: "another use of the reader keeps the lists".into(),
    })
}

/// A large struct. One that is handed to callers ends where nobody sees it from here: only its Reset says that it may be used again.
fn structs(shape: &Shape, average: i64) -> Option<Advice> {
    let stays = !shape.leaves && !shape.wrapped && !shape.text.starts_with("return ");
    let attempt = match (stays, shape.resets) {
        (true, _) => "keep one and set it to its beginning for the next use, in a sync.Pool",
        (false, true) if shape.in_loop => {
            "keep one and call its Reset for the next use, or put it back into a sync.Pool"
        }
        // Whoever calls a constructor decides how often.
        (false, _) => return None,
    };
    Some(Advice {
        seen: format!(
            "a struct of {} bytes on average is made here for each use and soon dropped",
            grouped(average.unsigned_abs())
        ),
        attempt: attempt.into(),
        unless: "somebody may still hold it when it is put back".into(),
    })
}

/// What has a method that resets it, made for each use.
fn reusable(it: &Evidence<'_>, callee: &str, shape: &Shape) -> Option<Advice> {
    let measured = matches!(it.measure, Measure::Cpu | Measure::Allocated);
    if !measured || it.share.lower() < LEAST || shape.in_init || !REUSABLE.contains(&callee) {
        return None;
    }
    // What is handed to callers, or is a part of what they get, ends where nobody sees it from here. A writer has to be closed, which
    // can put it back, unless it is in a field of what has a Reset of its own.
    let is_handed_on = shape.leaves || shape.wrapped || shape.text.starts_with("return ");
    let sides = shape.text.split_once('=');
    let is_field = sides.is_some_and(|(left, _)| left.contains('.'));
    let is_closed = callee.contains(".NewWriter") && !is_field;
    let is_small = callee.starts_with("bufio.");
    if is_handed_on && (is_small || !is_closed) {
        return None;
    }
    // One small reader or writer per document or connection is what they are for.
    if is_small && !shape.in_loop && it.share.lower() < MUCH {
        return None;
    }
    if callee == "bufio.(*Scanner).Scan" {
        // A scanner that reads for long makes its buffer once: that is not seen here.
        return (it.measure == Measure::Allocated && shape.in_loop).then(|| Advice {
            seen: "each bufio.Scanner makes a buffer of 4 KiB of its own, and doubles it for long lines".into(),
            attempt: format!(
                "hand it a buffer that is kept: `scanner.Buffer(buffer, max)`; bytes that are in memory need no scanner: cut them with the split function{}",
                // It came with Go 1.24.
                if it.go >= (1, 24) { ", or with bytes.Lines" } else { "" }
            ),
            unless: "one scanner reads a whole file or connection".into(),
        });
    }
    let short = callee.rsplit('/').next().unwrap_or(callee);
    let of_png = shape.calls.iter().any(|call| call.0 == "png.Encode");
    let attempt = match of_png && callee == "compress/flate.NewWriter" {
        true => {
            "encode with one png.Encoder that has a BufferPool: it keeps the compressor and the rows"
        }
        false if callee == "compress/flate.NewReader" => {
            "keep the value in a sync.Pool, and give it the next reader: `r.(flate.Resetter).Reset(next, nil)`; put it back when all is read"
        }
        false => {
            "keep the value in a sync.Pool, and call its Reset with the next reader or writer; put it back when all is read or closed"
        }
    };
    Some(Advice {
        seen: format!("{short} makes its tables and buffers anew for each use of this line"),
        attempt: attempt.into(),
        unless: "the line runs a few times per second at most, or what it is handed to still reads from it after the use".into(),
    })
}

/// Percent from which on a reader or writer that is no part of a loop is worth a pool.
const MUCH: f64 = 10.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advise::{Interval, Source};

    const FILE: &str = "package p

func New() *Machine {
	m := &Machine{}
	m.start()
	return m
}

func Lex(r io.Reader) Lexer {
	s := &Scanner{}
	s.Init(r)
	return newLexer(s)
}

func count(r io.Reader) int {
	s := &Scanner{}
	s.Init(r)
	return s.all()
}

func open(r io.Reader) Lexer {
	s := &Scanner{}
	l := newLexer(s)
	return l
}

func NewWriter() *Writer {
	w := new(Writer)
	return w
}

func (w *Writer) Reset(to io.Writer) {}

func all(names []string) (writers []*Writer) {
	for range names {
		w := new(Writer)
		writers = append(writers, w)
	}
	return writers
}
";

    #[test]
    fn a_struct_of_callers_is_theirs_unless_it_can_be_reset() {
        let source = Source::new(FILE.into()).unwrap();
        let advice = |line: i64| structs(&source.shape(line).unwrap(), 1280);
        assert_eq!(advice(4), None, "returned");
        assert_eq!(advice(10), None, "in what is returned");
        let own = advice(16).unwrap();
        assert!(own.attempt.contains("in a sync.Pool"), "{own:?}");
        assert_eq!(advice(22), None, "in what is returned by name");
        assert_eq!(advice(28), None, "who calls it decides how often");
        let reset = advice(36).unwrap();
        assert!(reset.attempt.contains("call its Reset"), "{reset:?}");
    }

    #[test]
    fn a_buffer_that_is_a_named_result_is_of_callers() {
        const FILE: &str = "package p

func room(in []byte, n int) (head, tail []byte) {
	head = make([]byte, len(in)+n)
	copy(head, in)
	tail = head[len(in):]
	return
}

func count(n int) int {
	b := make([]byte, n)
	return fill(b)
}
";
        let source = Source::new(FILE.into()).unwrap();
        assert!(source.shape(4).unwrap().leaves);
        assert!(!source.shape(11).unwrap().leaves);
    }

    #[test]
    fn a_buffered_reader_of_callers_is_theirs() {
        const FILE: &str = "package p

func newLexer(r io.Reader) *lexer {
	br, ok := r.(io.ByteReader)
	if !ok {
		br = bufio.NewReaderSize(r, 1024)
	}
	return &lexer{br: br}
}

func count(r io.Reader) int {
	br := bufio.NewReaderSize(r, 1024)
	return lines(br.ReadByte)
}

func open(w io.Writer) io.WriteCloser {
	zw := gzip.NewWriter(w)
	return zw
}

func (b *box) open(w io.Writer) {
	b.zw = gzip.NewWriter(w)
}

func start(w io.Writer) io.WriteCloser {
	return gzip.NewWriter(w)
}

func sum(files []io.Reader) (sum int) {
	for _, r := range files {
		br := bufio.NewReaderSize(r, 1024)
		sum += lines(br.ReadByte)
		for scanner := bufio.NewScanner(r); scanner.Scan(); {
			sum++
		}
	}
	for scanner := bufio.NewScanner(files[0]); scanner.Scan(); {
		sum++
	}
	return sum
}
";
        let source = Source::new(FILE.into()).unwrap();
        let advice_of = |line, callee, percent| {
            let shape = source.shape(line).unwrap();
            let evidence = Evidence {
                what: What::Call(callee),
                share: Interval::new(1000, percent, 100),
                ..Evidence::of_line(Measure::Allocated, Class::Other, &shape)
            };
            run(&evidence).is_some()
        };
        let advice = |line, callee| advice_of(line, callee, 5);
        assert!(!advice_of(6, "bufio.NewReaderSize", 20), "theirs");
        assert!(!advice(12, "bufio.NewReaderSize"), "one per document");
        assert!(advice_of(12, "bufio.NewReaderSize", 20), "much");
        assert!(advice(31, "bufio.NewReaderSize"), "in a loop");
        assert!(advice(33, "bufio.(*Scanner).Scan"), "in a loop");
        assert!(!advice(37, "bufio.(*Scanner).Scan"), "one per document");
        // The tables of a compressor are worth a type of its own that puts it back when it is closed.
        assert!(advice(17, "compress/gzip.NewWriterLevel"));
        assert!(advice(26, "compress/gzip.NewWriterLevel"));
        assert!(!advice(22, "compress/gzip.NewWriterLevel"), "a field");
    }
}
