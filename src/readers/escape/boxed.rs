//! Decides whether the value that an interface holds at a site needs an allocation.
//!
//! What the compiler reports as escaping is not always allocated: constants and composite literals of constants are
//! read-only data, values without a size all have one address, and of one byte there is a table (`dataWord` and
//! `addrTemp` in `cmd/compile/internal/walk`, Go 1.21 to 1.27).

use tree_sitter::Node;

use super::class::Class;
use super::declared_names::{Declared, Names, Shape};
use super::expression::{is_byte, is_constant, outer_call};
use super::file::File;
use super::site::Site;

/// Packages in which no constant is read-only data: their bytes are hashed, and must need no relocation.
const FIPS: &str = "crypto/internal/fips140";

/// The class of a site, with what the names in it stand for.
pub(super) fn class(
    site: &Site,
    class: Class,
    file: Option<&File>,
    names: &mut Names<'_>,
) -> Class {
    let expression = site.expression.as_str();
    let fips = site
        .package
        .strip_prefix(FIPS)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    match class {
        Class::Constant if fips && expression.len() > 2 && expression.starts_with('"') => {
            Class::Boxing
        }
        Class::Other if !fips => literal(site, file, names),
        Class::Boxing | Class::Constant => boxed(site, class, file, names),
        class => class,
    }
}

/// `T{}` and `T{...}`.
fn literal(site: &Site, file: Option<&File>, names: &mut Names<'_>) -> Class {
    let expression = site.expression.as_str();
    let (of, empty) = match expression.strip_suffix("{}") {
        Some(of) => (of, true),
        None => match expression.strip_suffix("{...}") {
            Some(of) => (of, false),
            None => return Class::Other,
        },
    };
    if of.starts_with("map[") || of.starts_with("[]") {
        return Class::Other;
    }
    let shape = match of.starts_with("struct {") || of.starts_with('[') {
        true => Some(Shape::Composite),
        false => match names.find(&site.package, of) {
            Some(Declared::Type(shape)) => Some(shape),
            _ => None,
        },
    };
    match shape {
        Some(Shape::Empty) => Class::Constant,
        Some(Shape::Composite | Shape::Slice) if !names.has_static_literals() => Class::Other,
        // The zero value of a type. The three words of a slice are copied, though it has no element (`convTslice`).
        Some(Shape::Composite | Shape::Byte) if empty => Class::Constant,
        Some(Shape::Composite | Shape::Byte) if is_static(site, file, names) => Class::Constant,
        _ => Class::Other,
    }
}

/// Whether every leaf of the composite literal at the place of the site is a constant.
fn is_static(site: &Site, file: Option<&File>, names: &mut Names<'_>) -> bool {
    let Some(file) = file else { return false };
    let Some(value) = file.at(site.line, site.column, "literal_value") else {
        return false;
    };
    leaves(value, file, &site.package, names, true)
}

fn leaves(node: Node, file: &File, package: &str, names: &mut Names<'_>, outermost: bool) -> bool {
    match node.kind() {
        "int_literal"
        | "float_literal"
        | "imaginary_literal"
        | "rune_literal"
        | "interpreted_string_literal"
        | "raw_string_literal"
        | "true"
        | "false"
        | "nil" => true,
        "identifier" | "selector_expression" => {
            matches!(
                names.find(package, file.text(node)),
                Some(Declared::Constant)
            )
        }
        // The key is a field or an index.
        "keyed_element" => node
            .named_child(u32::try_from(node.named_child_count().saturating_sub(1)).unwrap_or(0))
            .is_some_and(|node| leaves(node, file, package, names, false)),
        "composite_literal" => {
            let shape = literal_shape(node, file, package, names);
            let value = node.child_by_field_name("body");
            matches!(shape, Some(Shape::Composite | Shape::Empty | Shape::Byte))
                && value.is_some_and(|node| all(node, file, package, names))
        }
        "literal_value" => outermost && all(node, file, package, names),
        "literal_element"
        | "parenthesized_expression"
        | "unary_expression"
        | "binary_expression" => {
            let address = node
                .child_by_field_name("operator")
                .is_some_and(|node| matches!(file.text(node), "&" | "*" | "<-"));
            !address && all(node, file, package, names)
        }
        "comment" => true,
        _ => false,
    }
}

/// What a value of the type of a composite literal takes, where that shows.
fn literal_shape(node: Node, file: &File, package: &str, names: &mut Names<'_>) -> Option<Shape> {
    let of = node.child_by_field_name("type")?;
    let named = matches!(of.kind(), "type_identifier" | "qualified_type");
    let declared = match named {
        true => names.find(package, file.text(of)),
        false => None,
    };
    match declared {
        Some(Declared::Type(shape)) => Some(shape),
        _ => (of.kind() == "array_type").then_some(Shape::Composite),
    }
}

fn all(node: Node, file: &File, package: &str, names: &mut Names<'_>) -> bool {
    let children: Vec<Node> = node.named_children(&mut node.walk()).collect();
    children
        .into_iter()
        .all(|node| leaves(node, file, package, names, false))
}

/// A value in an interface.
fn boxed(site: &Site, class: Class, file: Option<&File>, names: &mut Names<'_>) -> Class {
    let expression = site.expression.as_str();
    if is_byte(expression.as_bytes()) {
        return Class::Constant;
    }
    if let Some((callee, argument)) = outer_call(expression.as_bytes()) {
        return of_call(site, class, (callee, argument), file, names);
    }
    if class != Class::Boxing {
        return class;
    }
    let local = file.and_then(|file| file.local(site, names));
    let shape = match local {
        Some(shape) => Some(shape),
        None => match names.find(&site.package, expression) {
            Some(Declared::Variable(shape)) => Some(shape),
            // Go 1.21 prints the name of a constant where later ones print its value.
            Some(Declared::Constant) => return Class::Constant,
            _ => None,
        },
    };
    match shape {
        Some(shape) if shape.is_free() => Class::Constant,
        _ => class,
    }
}

/// What a call gives, or a conversion that reads like one.
fn of_call(
    site: &Site,
    class: Class,
    (callee, argument): (&str, &str),
    file: Option<&File>,
    names: &mut Names<'_>,
) -> Class {
    let constant = is_constant(argument.as_bytes());
    match called(site, callee, file, names) {
        Some(Declared::Function(shape) | Declared::Type(shape)) if shape.is_free() => {
            Class::Constant
        }
        Some(Declared::Type(_)) if constant => Class::Constant,
        Some(Declared::Function(_) | Declared::Type(_) | Declared::Variable(_)) => Class::Boxing,
        // A call of a method or of a variable: all types have been found.
        _ if constant && !is_basic(callee) => match file.map(|file| file.byte(site)) {
            Some(Some(byte)) if byte.is_ascii_alphanumeric() || b"_.".contains(&byte) => {
                Class::Constant
            }
            _ => Class::Boxing,
        },
        _ => class,
    }
}

fn called(
    site: &Site,
    callee: &str,
    file: Option<&File>,
    names: &mut Names<'_>,
) -> Option<Declared> {
    let callee = callee.split('[').next().unwrap_or(callee);
    let found = names.find(&site.package, callee);
    // A type of a function body.
    found.or_else(|| {
        file?
            .local_type(callee)
            .then_some(Declared::Type(Shape::Other))
    })
}

/// Whether a name is that of a type of the language.
fn is_basic(name: &str) -> bool {
    matches!(
        name,
        "bool" | "byte" | "rune" | "string" | "uintptr" | "any" | "interface {}" | "(interface {})"
    ) || ["int", "uint", "float", "complex"].iter().any(|prefix| {
        name.strip_prefix(prefix)
            .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
    })
}
