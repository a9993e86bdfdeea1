package io.quorate.cql;

import io.quorate.cql.parser.Term;
import io.quorate.protocol.ColumnSpec;
import io.quorate.protocol.types.CqlType;
import io.quorate.protocol.types.CqlType.ListType;
import io.quorate.protocol.types.CqlType.MapType;
import io.quorate.protocol.types.CqlType.Scalar;
import io.quorate.protocol.types.CqlType.SetType;
import io.quorate.protocol.types.CqlType.TupleType;
import io.quorate.protocol.types.CqlType.UserType;
import io.quorate.protocol.types.CqlType.VectorType;
import io.quorate.protocol.types.InvalidTypeException;
import io.quorate.protocol.types.InvalidValueException;
import io.quorate.protocol.types.Literals;
import io.quorate.protocol.types.TypeParser;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Checks terms against the columns that receive them, and makes expressions. Lives for one
 * preparation.
 */
final class ExpressionBuilder {
  private final Markers markers;
  private final TypeParser.UserTypes userTypes;

  /** The partition key's columns: what {@code token()} takes. */
  private final List<CqlType> keyTypes;

  ExpressionBuilder(Markers markers, TypeParser.UserTypes userTypes, List<CqlType> keyTypes) {
    this.markers = markers;
    this.userTypes = userTypes;
    this.keyTypes = keyTypes;
  }

  Markers markers() {
    return markers;
  }

  /**
   * The term as a value for {@code receiver}.
   *
   * @throws RequestException in the words of Cassandra
   */
  Expression build(Term term, ColumnSpec receiver) {
    return switch (term) {
      case Term.Literal literal -> literal(literal, receiver);
      case Term.Marker marker -> markers.bind(marker, receiver);
      case Term.Hint hint -> hint(hint, receiver);
      case Term.Call call -> call(call, receiver);
      case Term.ListOf list -> list(list, receiver);
      case Term.SetOf set -> set(set, receiver);
      case Term.MapOf map -> map(map, receiver);
      case Term.Fields fields -> fields(fields, receiver);
      case Term.TupleOf tuple -> tuple(tuple, receiver);
      case Term.InList in ->
          throw RequestException.invalid("Invalid list of values for " + receiver.name());
    };
  }

  private static Expression literal(Term.Literal literal, ColumnSpec receiver) {
    CqlType type = receiver.type();
    if (literal.kind() == Term.LiteralKind.NULL) {
      return Expression.Constant.of(type, null);
    }
    if (!(type instanceof Scalar scalar) || !accepts(scalar, literal.kind())) {
      throw RequestException.invalid(
          "Invalid "
              + literal.kind()
              + " constant ("
              + literal.text()
              + ") for \""
              + receiver.name()
              + "\" of type "
              + type);
    }
    try {
      return Expression.Constant.of(type, Literals.parse(scalar, literal.text()));
    } catch (InvalidValueException e) {
      throw RequestException.invalid(String.valueOf(e.getMessage()));
    }
  }

  private static boolean accepts(Scalar type, Term.LiteralKind kind) {
    return switch (kind) {
      case STRING ->
          switch (type) {
            case ASCII, TEXT, INET, TIMESTAMP, DATE, TIME -> true;
            default -> false;
          };
      case INTEGER ->
          type.isNumeric()
              || type == Scalar.DATE
              || type == Scalar.TIME
              || type == Scalar.TIMESTAMP;
      case FLOAT -> type == Scalar.FLOAT || type == Scalar.DOUBLE || type == Scalar.DECIMAL;
      case BOOLEAN -> type == Scalar.BOOLEAN;
      case DURATION -> type == Scalar.DURATION;
      case UUID -> type == Scalar.UUID || type == Scalar.TIMEUUID;
      case HEX -> type == Scalar.BLOB;
      case NULL -> true;
    };
  }

  private Expression hint(Term.Hint hint, ColumnSpec receiver) {
    CqlType type = type(hint.type());
    if (!Functions.fits(receiver.type(), type)) {
      throw RequestException.invalid(
          "Cannot assign value " + hint + " to " + receiver.name() + " of type " + receiver.type());
    }
    return build(hint.term(), Markers.as(receiver, receiver.name(), type));
  }

  private CqlType type(String text) {
    try {
      return TypeParser.parse(text, userTypes);
    } catch (InvalidTypeException e) {
      throw RequestException.invalid(String.valueOf(e.getMessage()));
    }
  }

  private Expression call(Term.Call call, ColumnSpec receiver) {
    Function function = resolve(call);
    if (!Functions.fits(receiver.type(), function.result())) {
      throw RequestException.invalid(
          "Type error: cannot assign result of function system."
              + function.name()
              + " (type "
              + function.result()
              + ") to "
              + receiver.name()
              + " (type "
              + receiver.type()
              + ")");
    }
    List<Expression> arguments = new ArrayList<>();
    for (int i = 0; i < call.arguments().size(); i++) {
      arguments.add(
          build(
              call.arguments().get(i),
              Markers.as(
                  receiver,
                  "arg" + i + "(system." + function.name() + ")",
                  function.parameters().get(i))));
    }
    return new Expression.Applied(function, List.copyOf(arguments));
  }

  private Function resolve(Term.Call call) {
    if (call.function().equals("token")) {
      if (call.arguments().size() != keyTypes.size()) {
        throw RequestException.invalid(
            "Invalid number of arguments in call to function token: "
                + keyTypes.size()
                + " required but "
                + call.arguments().size()
                + " provided");
      }
      return Functions.token(keyTypes);
    }
    if (Functions.named(call.function()).isEmpty()) {
      throw RequestException.invalid("Unknown function '" + call.function() + "'");
    }
    List<@Nullable CqlType> types = new ArrayList<>();
    call.arguments().forEach(argument -> types.add(exactType(argument)));
    Function function = Functions.find(call.function(), types);
    if (function == null) {
      throw RequestException.invalid(
          "Invalid call to function "
              + call.function()
              + ", none of its type signatures match: "
              + call);
    }
    return function;
  }

  /** The type of a term where it does not depend on its receiver. */
  private @Nullable CqlType exactType(Term term) {
    if (term instanceof Term.Hint hint) {
      return type(hint.type());
    }
    if (term instanceof Term.Call call) {
      return resolve(call).result();
    }
    return null;
  }

  private static RequestException wrongLiteral(String what, ColumnSpec receiver) {
    return RequestException.invalid(
        "Invalid " + what + " literal for " + receiver.name() + " of type " + receiver.type());
  }

  private Expression composite(CqlType type, List<Expression> parts) {
    boolean isConstant =
        parts.stream()
            .allMatch(part ->
                part instanceof Expression.Constant constant
                    && (constant.value() != null
                        || type.kind() == CqlType.Kind.TUPLE
                        || type.kind() == CqlType.Kind.USER));
    if (!isConstant) {
      return new Expression.Composite(type, List.copyOf(parts));
    }
    List<byte @Nullable []> values = new ArrayList<>();
    for (Expression part : parts) {
      Expression.Constant.Value value = ((Expression.Constant) part).value();
      values.add(value == null ? null : value.bytes());
    }
    return Expression.Constant.of(type, Expression.Composite.encode(type, values));
  }

  private Expression list(Term.ListOf list, ColumnSpec receiver) {
    if (receiver.type() instanceof VectorType vector) {
      if (list.elements().size() != vector.dimension()) {
        throw RequestException.invalid(
            "Invalid vector literal for "
                + receiver.name()
                + " of type "
                + vector
                + "; expected "
                + vector.dimension()
                + " elements, but given "
                + list.elements().size());
      }
      return all(vector, vector.element(), list.elements(), receiver);
    }
    if (!(receiver.type() instanceof ListType type)) {
      throw wrongLiteral("list", receiver);
    }
    return all(type, type.element(), list.elements(), receiver);
  }

  private Expression all(CqlType type, CqlType element, List<Term> terms, ColumnSpec receiver) {
    ColumnSpec each = Markers.as(receiver, "value(" + receiver.name() + ")", element);
    List<Expression> parts = new ArrayList<>();
    for (Term term : terms) {
      parts.add(build(term, each));
    }
    return composite(type, parts);
  }

  private Expression set(Term.SetOf set, ColumnSpec receiver) {
    if (receiver.type() instanceof SetType type) {
      return all(type, type.element(), set.elements(), receiver);
    }
    boolean isEmptyMap = set.elements().isEmpty() && receiver.type() instanceof MapType;
    if (isEmptyMap || (set.elements().isEmpty() && receiver.type() instanceof UserType)) {
      return composite(receiver.type(), List.of());
    }
    throw wrongLiteral("set", receiver);
  }

  private Expression map(Term.MapOf map, ColumnSpec receiver) {
    if (!(receiver.type() instanceof MapType type)) {
      throw wrongLiteral("map", receiver);
    }
    ColumnSpec key = Markers.as(receiver, "key(" + receiver.name() + ")", type.key());
    ColumnSpec value = Markers.as(receiver, "value(" + receiver.name() + ")", type.value());
    List<Expression> parts = new ArrayList<>();
    for (Term.Entry entry : map.entries()) {
      parts.add(build(entry.key(), key));
      parts.add(build(entry.value(), value));
    }
    return composite(type, parts);
  }

  private Expression fields(Term.Fields fields, ColumnSpec receiver) {
    if (!(receiver.type() instanceof UserType type)) {
      throw wrongLiteral("user type", receiver);
    }
    @Nullable Expression[] byIndex = new Expression[type.fieldNames().size()];
    for (Term.Field field : fields.fields()) {
      int index = type.fieldIndex(field.name());
      if (index < 0) {
        throw RequestException.invalid(
            "Unknown field '" + field.name() + "' in value of user defined type " + type.name());
      }
      byIndex[index] =
          build(
              field.value(),
              Markers.as(
                  receiver, receiver.name() + "." + field.name(), type.fieldTypes().get(index)));
    }
    List<Expression> parts = new ArrayList<>();
    for (int i = 0; i < byIndex.length; i++) {
      Expression part = byIndex[i];
      parts.add(part != null ? part : Expression.Constant.of(type.fieldTypes().get(i), null));
    }
    return composite(type, parts);
  }

  private Expression tuple(Term.TupleOf tuple, ColumnSpec receiver) {
    if (!(receiver.type() instanceof TupleType type)) {
      if (tuple.elements().size() == 1) {
        return build(tuple.elements().get(0), receiver);
      }
      throw wrongLiteral("tuple", receiver);
    }
    if (tuple.elements().size() > type.fieldTypes().size()) {
      throw RequestException.invalid(
          "Invalid tuple literal for "
              + receiver.name()
              + ": too many elements. Type "
              + type
              + " expects "
              + type.fieldTypes().size()
              + " but got "
              + tuple.elements().size());
    }
    List<Expression> parts = new ArrayList<>();
    for (int i = 0; i < tuple.elements().size(); i++) {
      parts.add(
          build(
              tuple.elements().get(i),
              Markers.as(receiver, receiver.name() + "[" + i + "]", type.fieldTypes().get(i))));
    }
    return composite(type, parts);
  }
}
