package io.quorate.cql.parser;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.antlr.v4.runtime.ParserRuleContext;
import org.antlr.v4.runtime.tree.ParseTree;

/** Makes terms, selectors and relations of their parse trees. Lives for one statement. */
final class TermBuilder {
  /** Index of each marker by the token that it starts with. */
  private final Map<Integer, Integer> markerByToken = new TreeMap<>();

  /** Numbers the markers in the order of the text, which is not that of the visit. */
  TermBuilder(ParseTree statement) {
    number(statement);
  }

  private void number(ParseTree tree) {
    if (tree instanceof CqlParser.BindMarkerContext marker) {
      markerByToken.put(marker.getStart().getTokenIndex(), markerByToken.size());
    }
    for (int i = 0; i < tree.getChildCount(); i++) {
      number(tree.getChild(i));
    }
  }

  int markerCount() {
    return markerByToken.size();
  }

  /** A name as meant: in lower case unless quoted. */
  static String name(CqlParser.IdentifierContext tree) {
    if (tree.QUOTED() != null) {
      String quoted = tree.QUOTED().getText();
      return quoted.substring(1, quoted.length() - 1).replace("\"\"", "\"");
    }
    return tree.getText().toLowerCase(Locale.ROOT);
  }

  /** The text of a type, blanks removed. */
  static String text(CqlParser.TypeContext tree) {
    return tree.getText();
  }

  /** A property's value without quotes. */
  static String plain(CqlParser.PropertyValueContext tree) {
    if (tree.STRING() != null) {
      return unquoted(tree.STRING().getText());
    }
    return tree.identifier() != null ? name(tree.identifier()) : tree.getText();
  }

  private static String unquoted(String string) {
    return string.startsWith("$$")
        ? string.substring(2, string.length() - 2)
        : string.substring(1, string.length() - 1).replace("''", "'");
  }

  Term limit(CqlParser.LimitValueContext tree) {
    return tree.bindMarker() != null ? marker(tree.bindMarker()) : integer(tree);
  }

  Term attribute(CqlParser.AttributeValueContext tree) {
    return tree.bindMarker() != null ? marker(tree.bindMarker()) : integer(tree);
  }

  private static Term integer(ParserRuleContext tree) {
    return new Term.Literal(Term.LiteralKind.INTEGER, tree.getText());
  }

  private Term.Marker marker(CqlParser.BindMarkerContext tree) {
    Integer index = markerByToken.get(tree.getStart().getTokenIndex());
    if (index == null) {
      throw new IllegalStateException("a marker that was not numbered");
    }
    return new Term.Marker(index, tree.identifier() == null ? null : name(tree.identifier()));
  }

  Term term(CqlParser.TermContext tree) {
    return switch (tree) {
      case CqlParser.SimpleTermContext simple -> literal(simple.literalTerm());
      case CqlParser.MarkerTermContext marker -> marker(marker.bindMarker());
      case CqlParser.HintTermContext hint -> new Term.Hint(text(hint.type()), term(hint.term()));
      case CqlParser.CallTermContext call ->
          new Term.Call(function(call.functionName()), terms(call.term()));
      case CqlParser.CollectionContext collection -> collection(collection.collectionTerm());
      case CqlParser.TupleTermContext tuple -> new Term.TupleOf(terms(tuple.term()));
      default -> throw new IllegalStateException("a term of an unknown form");
    };
  }

  private List<Term> terms(List<CqlParser.TermContext> trees) {
    return trees.stream().map(this::term).toList();
  }

  private static String function(CqlParser.FunctionNameContext tree) {
    if (tree.identifier().size() == 2 || (tree.TOKEN() != null && tree.identifier().size() == 1)) {
      String keyspace = name(tree.identifier(0));
      if (!keyspace.equals("system")) {
        throw new SyntaxException(
            "User-defined functions are not supported yet: " + tree.getText());
      }
    }
    return tree.TOKEN() != null ? "token" : name(tree.identifier(tree.identifier().size() - 1));
  }

  private Term collection(CqlParser.CollectionTermContext tree) {
    return switch (tree) {
      case CqlParser.ListTermContext list -> new Term.ListOf(terms(list.term()));
      case CqlParser.EmptyTermContext empty -> new Term.SetOf(List.of());
      case CqlParser.SetTermContext set -> new Term.SetOf(terms(set.term()));
      case CqlParser.MapTermContext map -> {
        List<Term.Entry> entries = new ArrayList<>();
        for (int i = 0; i < map.term().size(); i += 2) {
          entries.add(new Term.Entry(term(map.term(i)), term(map.term(i + 1))));
        }
        yield new Term.MapOf(List.copyOf(entries));
      }
      case CqlParser.UserTypeTermContext user -> {
        List<Term.Field> fields = new ArrayList<>();
        for (int i = 0; i < user.term().size(); i++) {
          fields.add(new Term.Field(name(user.identifier(i)), term(user.term(i))));
        }
        yield new Term.Fields(List.copyOf(fields));
      }
      default -> throw new IllegalStateException("a collection of an unknown form");
    };
  }

  Term.Literal literal(CqlParser.LiteralTermContext tree) {
    String text = tree.getText();
    if (tree.STRING() != null) {
      return new Term.Literal(Term.LiteralKind.STRING, unquoted(text));
    }
    Term.LiteralKind kind;
    if (tree.INTEGER() != null) {
      kind = Term.LiteralKind.INTEGER;
    } else if (tree.BOOLEAN() != null) {
      kind = Term.LiteralKind.BOOLEAN;
    } else if (tree.DURATION() != null) {
      kind = Term.LiteralKind.DURATION;
    } else if (tree.UUID() != null) {
      kind = Term.LiteralKind.UUID;
    } else if (tree.HEX() != null) {
      kind = Term.LiteralKind.HEX;
    } else if (tree.NULL() != null) {
      kind = Term.LiteralKind.NULL;
    } else {
      kind = Term.LiteralKind.FLOAT;
    }
    return new Term.Literal(kind, text);
  }

  Selector selector(CqlParser.SelectorContext tree) {
    return switch (tree) {
      case CqlParser.CountAllContext count -> new Selector.CountAll();
      case CqlParser.CastSelectorContext cast ->
          new Selector.Cast(selector(cast.selector()), text(cast.type()));
      case CqlParser.CallSelectorContext call ->
          new Selector.Call(
              function(call.functionName()), call.selector().stream().map(this::selector).toList());
      case CqlParser.FieldSelectorContext field ->
          new Selector.Field(selector(field.selector()), name(field.identifier()));
      case CqlParser.ElementSelectorContext element ->
          new Selector.Element(selector(element.selector()), term(element.term()));
      case CqlParser.ColumnSelectorContext column -> new Selector.Column(name(column.identifier()));
      case CqlParser.LiteralSelectorContext literal ->
          new Selector.Literal(literal(literal.literalTerm()));
      default -> throw new IllegalStateException("a selector of an unknown form");
    };
  }

  Relation relation(CqlParser.RelationContext tree) {
    return switch (tree) {
      case CqlParser.NestedRelationContext nested -> relation(nested.relation());
      case CqlParser.TokenRelationContext token ->
          new Relation(
              new Relation.Token(names(token.identifier())),
              operator(token.comparison()),
              term(token.term()));
      case CqlParser.ColumnsRelationContext columns ->
          new Relation(
              new Relation.Columns(names(columns.identifier())),
              operator(columns.comparison()),
              term(columns.term()));
      case CqlParser.ColumnsInRelationContext in ->
          new Relation(
              new Relation.Columns(names(in.identifier())),
              Relation.Operator.IN,
              inValues(in.inValues()));
      case CqlParser.ColumnRelationContext column ->
          new Relation(
              new Relation.Column(name(column.identifier())),
              operator(column.comparison()),
              term(column.term()));
      case CqlParser.InRelationContext in ->
          new Relation(
              new Relation.Column(name(in.identifier())),
              Relation.Operator.IN,
              inValues(in.inValues()));
      case CqlParser.ContainsRelationContext contains ->
          new Relation(
              new Relation.Column(name(contains.identifier())),
              contains.KEY() != null ? Relation.Operator.CONTAINS_KEY : Relation.Operator.CONTAINS,
              term(contains.term()));
      case CqlParser.ElementRelationContext element ->
          new Relation(
              new Relation.Element(name(element.identifier()), term(element.term(0))),
              operator(element.comparison()),
              term(element.term(1)));
      case CqlParser.LikeRelationContext like ->
          new Relation(
              new Relation.Column(name(like.identifier())),
              Relation.Operator.LIKE,
              term(like.term()));
      case CqlParser.IsNotNullRelationContext isNotNull ->
          new Relation(
              new Relation.Column(name(isNotNull.identifier())),
              Relation.Operator.IS_NOT_NULL,
              new Term.Literal(Term.LiteralKind.NULL, "NULL"));
      default -> throw new IllegalStateException("a relation of an unknown form");
    };
  }

  private static List<String> names(List<CqlParser.IdentifierContext> trees) {
    return trees.stream().map(TermBuilder::name).toList();
  }

  private Term inValues(CqlParser.InValuesContext tree) {
    return tree.bindMarker() != null
        ? marker(tree.bindMarker())
        : new Term.InList(terms(tree.term()));
  }

  private static Relation.Operator operator(CqlParser.ComparisonContext tree) {
    return switch (tree.getText()) {
      case "=" -> Relation.Operator.EQUAL;
      case "<" -> Relation.Operator.LESS;
      case "<=" -> Relation.Operator.LESS_OR_EQUAL;
      case ">" -> Relation.Operator.GREATER;
      case ">=" -> Relation.Operator.GREATER_OR_EQUAL;
      default -> Relation.Operator.NOT_EQUAL;
    };
  }
}
