package io.quorate.cql;

import io.quorate.coordinator.metadata.ColumnMetadata;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.cql.parser.Selector;
import io.quorate.cql.parser.Statement;
import io.quorate.cql.parser.Term;
import io.quorate.protocol.ColumnSpec;
import io.quorate.protocol.ResultMetadata;
import io.quorate.protocol.types.CqlType;
import io.quorate.protocol.types.CqlType.MapType;
import io.quorate.protocol.types.CqlType.Scalar;
import io.quorate.protocol.types.CqlType.UserType;
import io.quorate.protocol.types.InvalidTypeException;
import io.quorate.protocol.types.InvalidValueException;
import io.quorate.protocol.types.Literals;
import io.quorate.protocol.types.TypeParser;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The columns of a result. Made once; immutable.
 *
 * @param columns for each row; empty if there are aggregates
 * @param aggregates over all rows; empty if there are none
 * @param selected the plain columns that are selected, for checks
 */
record Selection(
    ResultMetadata metadata,
    List<ColumnValue> columns,
    List<Aggregate> aggregates,
    List<ColumnMetadata> selected) {

  boolean isAggregate() {
    return !aggregates.isEmpty();
  }

  /** Of one execution. */
  List<Aggregate.State> beginAggregates() {
    return isAggregate() ? aggregates.stream().map(Aggregate::begin).toList() : List.of();
  }

  static Selection of(
      TableMetadata table,
      Statement.Select select,
      RowBuffer.Layout layout,
      ExpressionBuilder expressions,
      TypeParser.UserTypes userTypes) {
    return new Builder(table, layout, expressions, userTypes).build(select);
  }

  private static final class Builder {
    private final TableMetadata table;
    private final RowBuffer.Layout layout;
    private final ExpressionBuilder expressions;
    private final TypeParser.UserTypes userTypes;
    private final List<ColumnMetadata> selected = new ArrayList<>();

    Builder(
        TableMetadata table,
        RowBuffer.Layout layout,
        ExpressionBuilder expressions,
        TypeParser.UserTypes userTypes) {
      this.table = table;
      this.layout = layout;
      this.expressions = expressions;
      this.userTypes = userTypes;
    }

    Selection build(Statement.Select select) {
      List<ColumnSpec> specs = new ArrayList<>();
      List<ColumnValue> columns = new ArrayList<>();
      List<Aggregate> aggregates = new ArrayList<>();
      if (select.selectors().isEmpty()) {
        for (ColumnMetadata column : table.columns()) {
          columns.add(plain(column));
          specs.add(spec(column.name(), column.type()));
        }
      }
      for (Selector.Aliased aliased : select.selectors()) {
        Aggregate aggregate = aggregate(aliased.selector());
        ColumnValue column = aggregate != null ? null : value(aliased.selector());
        if (column != null) {
          columns.add(column);
          aggregate = new Aggregate(Aggregate.Kind.FIRST, column.type(), column);
        } else {
          columns.add(new ColumnValue.Token());
        }
        aggregates.add(Objects.requireNonNull(aggregate));
        specs.add(spec(aliased.columnName(), aggregate.type()));
      }
      boolean isAggregate =
          aggregates.stream().anyMatch(each -> each.kind() != Aggregate.Kind.FIRST);
      if (select.json()) {
        if (isAggregate) {
          throw RequestException.notYet("SELECT JSON of aggregates");
        }
        List<String> names = specs.stream().map(ColumnSpec::name).toList();
        ColumnValue json = new ColumnValue.Json(names, List.copyOf(columns));
        return new Selection(
            new ResultMetadata(List.of(spec("[json]", Scalar.TEXT))),
            List.of(json),
            List.of(),
            List.copyOf(selected));
      }
      return new Selection(
          new ResultMetadata(specs),
          isAggregate ? List.of() : List.copyOf(columns),
          isAggregate ? List.copyOf(aggregates) : List.of(),
          List.copyOf(selected));
    }

    private ColumnSpec spec(String name, CqlType type) {
      return new ColumnSpec(table.keyspace(), table.name(), name, type);
    }

    private ColumnValue plain(ColumnMetadata column) {
      selected.add(column);
      return new ColumnValue.Plain(column.type(), layout.slot(column));
    }

    private @Nullable Aggregate aggregate(Selector selector) {
      if (selector instanceof Selector.CountAll) {
        return new Aggregate(Aggregate.Kind.COUNT, Scalar.BIGINT, null);
      }
      if (selector instanceof Selector.Call call
          && call.arguments().size() == 1
          && isAggregateName(call.function())) {
        return Aggregate.of(call.function(), value(call.arguments().get(0)));
      }
      return null;
    }

    private static boolean isAggregateName(String name) {
      return switch (name) {
        case "count", "min", "max", "sum", "avg" -> true;
        default -> false;
      };
    }

    private ColumnValue value(Selector selector) {
      return switch (selector) {
        case Selector.Column column -> plain(RestrictionAnalyzer.column(table, column.name()));
        case Selector.CountAll count ->
            throw RequestException.invalid(
                "aggregate functions cannot be used as arguments of aggregate functions");
        case Selector.Call call -> call(call);
        case Selector.Cast cast -> cast(cast);
        case Selector.Field field -> field(field);
        case Selector.Element element -> element(element);
        case Selector.Literal literal -> literal(literal.literal());
      };
    }

    private ColumnValue call(Selector.Call call) {
      switch (call.function()) {
        case "writetime", "maxwritetime" -> {
          return new ColumnValue.Timestamp(cellSlot(call, "writeTime"));
        }
        case "ttl" -> {
          return new ColumnValue.TimeToLive(cellSlot(call, "ttl"));
        }
        case "token" -> {
          return token(call);
        }
        default -> {}
      }
      if (isAggregateName(call.function())) {
        throw RequestException.invalid(
            "aggregate functions cannot be used as arguments of other functions");
      }
      List<ColumnValue> arguments = call.arguments().stream().map(this::value).toList();
      if (call.function().replace("_", "").equals("tojson") && arguments.size() == 1) {
        return new ColumnValue.Applied(Functions.toJson(arguments.get(0).type()), arguments);
      }
      if (Functions.named(call.function()).isEmpty()) {
        throw RequestException.invalid("Unknown function '" + call.function() + "'");
      }
      List<@Nullable CqlType> types = new ArrayList<>();
      arguments.forEach(argument -> types.add(argument.type()));
      Function function = Functions.find(call.function(), types);
      if (function == null) {
        throw RequestException.invalid(
            "Invalid call to function "
                + call.function()
                + ", none of its type signatures match: "
                + call);
      }
      return new ColumnValue.Applied(function, arguments);
    }

    private int cellSlot(Selector.Call call, String shownName) {
      if (call.arguments().size() != 1
          || !(call.arguments().get(0) instanceof Selector.Column name)) {
        throw RequestException.invalid(
            "Cannot use selection function " + shownName + " on " + call);
      }
      ColumnMetadata column = RestrictionAnalyzer.column(table, name.name());
      if (column.isPrimaryKey()) {
        throw RequestException.invalid(
            "Cannot use selection function " + shownName + " on PRIMARY KEY part " + column.name());
      }
      if (column.type().isMultiCell()) {
        throw RequestException.invalid(
            "Cannot use selection function "
                + shownName
                + " on non-frozen "
                + (column.type().isCollection() ? "collection " : "UDT ")
                + column.name());
      }
      return layout.slot(column);
    }

    private ColumnValue token(Selector.Call call) {
      List<String> keyNames = table.partitionKey().stream().map(ColumnMetadata::name).toList();
      List<String> given = call.arguments().stream().map(Selector::toString).toList();
      if (!given.equals(keyNames)) {
        throw RequestException.invalid(
            "The token function arguments must be in the partition key order: "
                + String.join(", ", keyNames));
      }
      return new ColumnValue.Token();
    }

    private ColumnValue cast(Selector.Cast cast) {
      ColumnValue of = value(cast.argument());
      CqlType target;
      try {
        target = TypeParser.parse(cast.type(), userTypes);
      } catch (InvalidTypeException e) {
        throw RequestException.invalid(String.valueOf(e.getMessage()));
      }
      if (!Casts.isPossible(of.type(), target)) {
        throw RequestException.invalid(of.type() + " cannot be cast to " + target);
      }
      return new ColumnValue.Cast(target, of);
    }

    private ColumnValue field(Selector.Field field) {
      ColumnValue of = value(field.of());
      if (!(of.type() instanceof UserType user)) {
        throw RequestException.invalid(
            "Invalid field selection: "
                + field.of()
                + " of type "
                + of.type()
                + " is not a user type");
      }
      int index = user.fieldIndex(field.name());
      if (index < 0) {
        throw RequestException.invalid(
            field.of() + " of type " + user.name() + " has no field " + field.name());
      }
      return new ColumnValue.Field(user.fieldTypes().get(index), of, index);
    }

    private ColumnValue element(Selector.Element element) {
      ColumnValue of = value(element.of());
      if (!(of.type() instanceof MapType map)) {
        throw RequestException.notYet("Selecting an element of a " + of.type());
      }
      Expression key =
          expressions.build(element.key(), spec("key(" + element.of() + ")", map.key()));
      if (!(key instanceof Expression.Constant constant) || constant.value() == null) {
        throw RequestException.notYet("A marker in a selector");
      }
      return new ColumnValue.Entry(map, of, constant.value().bytes());
    }

    private static ColumnValue literal(Term.Literal literal) {
      Scalar type =
          switch (literal.kind()) {
            case STRING -> Scalar.TEXT;
            case INTEGER -> Scalar.INT;
            case FLOAT -> Scalar.DOUBLE;
            case BOOLEAN -> Scalar.BOOLEAN;
            case DURATION -> Scalar.DURATION;
            case UUID -> Scalar.UUID;
            case HEX -> Scalar.BLOB;
            case NULL ->
                throw RequestException.invalid(
                    "Cannot infer type for term NULL in selection"
                        + " clause (try using a cast to force a type)");
          };
      try {
        return new ColumnValue.Fixed(type, Literals.parse(type, literal.text()));
      } catch (InvalidValueException e) {
        throw RequestException.invalid(String.valueOf(e.getMessage()));
      }
    }
  }
}
