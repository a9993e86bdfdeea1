package io.quorate.cql;

import io.quorate.coordinator.metadata.ColumnMetadata;
import io.quorate.coordinator.metadata.ColumnMetadata.Kind;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.cql.ModificationPlan.Target;
import io.quorate.cql.parser.Relation;
import io.quorate.cql.parser.Statement;
import io.quorate.cql.parser.Statement.Assignment;
import io.quorate.cql.parser.Term;
import io.quorate.protocol.ColumnSpec;
import io.quorate.protocol.types.CqlType;
import io.quorate.protocol.types.CqlType.ListType;
import io.quorate.protocol.types.CqlType.MapType;
import io.quorate.protocol.types.CqlType.Scalar;
import io.quorate.protocol.types.CqlType.UserType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Makes {@link ModificationPlan}s. Lives for one statement. */
final class ModificationPlanner {
  private final TableMetadata table;
  private final ExpressionBuilder expressions;
  private final List<ColumnOperation> staticOperations = new ArrayList<>();
  private final List<ColumnOperation> rowOperations = new ArrayList<>();

  ModificationPlanner(TableMetadata table, ExpressionBuilder expressions) {
    this.table = table;
    this.expressions = expressions;
  }

  ModificationPlan plan(Statement.Modification statement) {
    if (statement.isConditional()) {
      throw RequestException.notYet("A conditional update (IF, a lightweight transaction)");
    }
    return switch (statement) {
      case Statement.Insert insert -> insert(insert);
      case Statement.Update update -> update(update);
      case Statement.Delete delete -> delete(delete);
    };
  }

  private ColumnSpec spec(ColumnMetadata column) {
    return new ColumnSpec(table.keyspace(), table.name(), column.name(), column.type());
  }

  private @Nullable Expression attribute(@Nullable Term term, String name, CqlType type) {
    return term == null
        ? null
        : expressions.build(term, new ColumnSpec(table.keyspace(), table.name(), name, type));
  }

  private void add(ColumnOperation operation) {
    ColumnMetadata column = operation.column();
    List<ColumnOperation> operations =
        column.kind() == Kind.STATIC ? staticOperations : rowOperations;
    for (ColumnOperation other : operations) {
      if (other.column().equals(column) && !(other.isPartial() && operation.isPartial())) {
        throw RequestException.invalid("Multiple incompatible setting of column " + column.name());
      }
    }
    operations.add(operation);
  }

  private static List<ColumnOperation> byColumn(List<ColumnOperation> operations) {
    return operations.stream()
        .sorted(Comparator.comparingInt(operation -> operation.column().id()))
        .toList();
  }

  private ModificationPlan finish(
      Restrictions restrictions, boolean marksRow, Target target, Statement.Attributes attributes) {
    return new ModificationPlan(
        table,
        restrictions,
        byColumn(staticOperations),
        byColumn(rowOperations),
        marksRow,
        target,
        attribute(attributes.timestamp(), "[timestamp]", Scalar.BIGINT),
        attribute(attributes.timeToLive(), "[ttl]", Scalar.INT));
  }

  // ---- INSERT

  private ModificationPlan insert(Statement.Insert insert) {
    if (insert.columns().size() != insert.values().size()) {
      throw RequestException.invalid("Unmatched column names/values");
    }
    List<Relation> keys = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < insert.columns().size(); i++) {
      String name = insert.columns().get(i);
      ColumnMetadata column = RestrictionAnalyzer.column(table, name);
      if (!seen.add(name)) {
        throw RequestException.invalid("The column names contains duplicates");
      }
      Term value = insert.values().get(i);
      if (column.isPrimaryKey()) {
        keys.add(new Relation(new Relation.Column(name), Relation.Operator.EQUAL, value));
      } else {
        add(new ColumnOperation.Assign(column, expressions.build(value, spec(column))));
      }
    }
    Restrictions restrictions = restrictions(keys);
    boolean onlyStatic =
        restrictions.clustering().isEmpty()
            && !table.clustering().isEmpty()
            && rowOperations.isEmpty()
            && !staticOperations.isEmpty();
    if (onlyStatic) {
      return finish(restrictions, false, Target.STATIC_ROW, insert.attributes());
    }
    requireWholeClusteringKey(restrictions);
    return finish(restrictions, true, Target.ROWS, insert.attributes());
  }

  private Restrictions restrictions(List<Relation> where) {
    Restrictions restrictions =
        RestrictionAnalyzer.analyze(
            table, where, expressions, RestrictionAnalyzer.Purpose.MODIFICATION);
    List<ColumnMetadata> missing = new ArrayList<>(table.partitionKey());
    missing.removeIf(column -> restrictions.partitionKey().containsKey(column.position()));
    if (!missing.isEmpty()) {
      throw RequestException.invalid("Some partition key parts are missing: " + names(missing));
    }
    return restrictions;
  }

  private void requireWholeClusteringKey(Restrictions restrictions) {
    int given =
        restrictions.clustering().stream()
            .mapToInt(restriction -> restriction.columns().size())
            .sum();
    if (given < table.clustering().size()) {
      throw RequestException.invalid(
          "Some clustering keys are missing: "
              + names(table.clustering().subList(given, table.clustering().size())));
    }
  }

  private static String names(List<ColumnMetadata> columns) {
    return columns.stream().map(ColumnMetadata::name).collect(Collectors.joining(", "));
  }

  // ---- UPDATE

  private ModificationPlan update(Statement.Update update) {
    // Markers are numbered already; the order here only decides which error comes first.
    update.assignments().forEach(assignment -> add(operation(assignment)));
    Restrictions restrictions = restrictions(update.where());
    if (restrictions.clustering().stream().anyMatch(ClusteringRestriction::isRange)) {
      throw RequestException.invalid(
          "Slice restrictions are not supported on the clustering columns in UPDATE statements");
    }
    if (rowOperations.isEmpty() && !table.clustering().isEmpty()) {
      if (!restrictions.clustering().isEmpty()) {
        throw RequestException.invalid(
            "Invalid restrictions on clustering columns since the UPDATE statement modifies only"
                + " static columns");
      }
      return finish(restrictions, false, Target.STATIC_ROW, update.attributes());
    }
    requireWholeClusteringKey(restrictions);
    return finish(restrictions, false, Target.ROWS, update.attributes());
  }

  private ColumnOperation operation(Assignment assignment) {
    ColumnMetadata column = RestrictionAnalyzer.column(table, assignment.column());
    if (column.isPrimaryKey()) {
      throw RequestException.invalid("PRIMARY KEY part " + column.name() + " found in SET part");
    }
    CqlType type = column.type();
    return switch (assignment.operation()) {
      case SET ->
          new ColumnOperation.Assign(column, expressions.build(assignment.value(), spec(column)));
      case APPEND -> {
        requireCollection(column, "+");
        yield new ColumnOperation.Append(
            column, expressions.build(assignment.value(), spec(column)));
      }
      case PREPEND -> {
        if (!(type instanceof ListType) || type.isFrozen()) {
          throw invalidOperation(column, "+");
        }
        yield new ColumnOperation.Prepend(
            column, expressions.build(assignment.value(), spec(column)));
      }
      case REMOVE -> {
        requireCollection(column, "-");
        CqlType removed = ColumnOperation.removedType(type);
        if (removed == null) {
          throw RequestException.notYet("Removing values from list " + column.name());
        }
        yield new ColumnOperation.Remove(
            column,
            expressions.build(
                assignment.value(), Markers.as(spec(column), column.name(), removed)));
      }
      case SET_ELEMENT -> setElement(column, assignment);
      case SET_FIELD -> setField(column, assignment);
    };
  }

  private static RequestException invalidOperation(ColumnMetadata column, String operator) {
    return RequestException.invalid(
        "Invalid operation ("
            + column.name()
            + " = "
            + column.name()
            + " "
            + operator
            + " ...) for "
            + (column.type().isCollection() ? "frozen" : "non")
            + " collection column "
            + column.name());
  }

  private static void requireCollection(ColumnMetadata column, String operator) {
    if (!column.type().isCollection() || column.type().isFrozen()) {
      throw invalidOperation(column, operator);
    }
  }

  private ColumnOperation setElement(ColumnMetadata column, Assignment assignment) {
    if (column.type() instanceof ListType list && !list.isFrozen()) {
      throw RequestException.notYet("Setting an element of list " + column.name() + " by index");
    }
    Term key = assignment.key();
    if (!(column.type() instanceof MapType map) || map.isFrozen() || key == null) {
      throw invalidOperation(column, "[]");
    }
    ColumnSpec spec = spec(column);
    return new ColumnOperation.PutEntry(
        column,
        expressions.build(key, Markers.as(spec, "key(" + column.name() + ")", map.key())),
        expressions.build(
            assignment.value(), Markers.as(spec, "value(" + column.name() + ")", map.value())));
  }

  private ColumnOperation setField(ColumnMetadata column, Assignment assignment) {
    String field = ((Term.Literal) Objects.requireNonNull(assignment.key())).text();
    int index = fieldIndex(column, field);
    CqlType type = ((UserType) column.type()).fieldTypes().get(index);
    return new ColumnOperation.SetField(
        column,
        index,
        expressions.build(
            assignment.value(), Markers.as(spec(column), column.name() + "." + field, type)));
  }

  private static int fieldIndex(ColumnMetadata column, String field) {
    if (!(column.type() instanceof UserType user) || user.isFrozen()) {
      throw RequestException.invalid(
          "Invalid operation ("
              + column.name()
              + "."
              + field
              + " = ...) for "
              + (column.type() instanceof UserType ? "frozen UDT" : "non-UDT")
              + " column "
              + column.name());
    }
    int index = user.fieldIndex(field);
    if (index < 0) {
      throw RequestException.invalid(
          "UDT column " + column.name() + " does not have a field named " + field);
    }
    return index;
  }

  // ---- DELETE

  private ModificationPlan delete(Statement.Delete delete) {
    if (delete.attributes().timeToLive() != null) {
      throw RequestException.invalid("TTL cannot be used with DELETE");
    }
    delete.deletions().forEach(deletion -> add(operation(deletion)));
    Restrictions restrictions = restrictions(delete.where());
    return finish(restrictions, false, target(delete, restrictions), delete.attributes());
  }

  private Target target(Statement.Delete delete, Restrictions restrictions) {
    if (delete.deletions().isEmpty()) {
      return restrictions.clustering().isEmpty() ? Target.DELETED_PARTITION : Target.DELETED_ROWS;
    }
    if (restrictions.clustering().stream().anyMatch(ClusteringRestriction::isRange)) {
      throw RequestException.invalid("Range deletions are not supported for specific columns");
    }
    if (rowOperations.isEmpty() && !table.clustering().isEmpty()) {
      if (!restrictions.clustering().isEmpty()) {
        throw RequestException.invalid(
            "Invalid restrictions on clustering columns since the DELETE statement modifies only"
                + " static columns");
      }
      return Target.STATIC_ROW;
    }
    requireWholeClusteringKey(restrictions);
    return Target.ROWS;
  }

  private ColumnOperation operation(Statement.Deletion deletion) {
    ColumnMetadata column = RestrictionAnalyzer.column(table, deletion.column());
    if (column.isPrimaryKey()) {
      throw RequestException.invalid(
          "Invalid identifier "
              + column.name()
              + " for deletion (should not be a PRIMARY KEY"
              + " part)");
    }
    Term element = deletion.element();
    if (element != null) {
      if (column.type() instanceof ListType) {
        throw RequestException.notYet("Deleting an element of list " + column.name() + " by index");
      }
      if (!(column.type() instanceof MapType map) || map.isFrozen()) {
        throw RequestException.invalid(
            "Invalid deletion operation for "
                + (column.type().isCollection() ? "frozen" : "non")
                + " collection column "
                + column.name());
      }
      return new ColumnOperation.DeleteEntry(
          column,
          expressions.build(
              element, Markers.as(spec(column), "key(" + column.name() + ")", map.key())));
    }
    String field = deletion.field();
    return field != null
        ? new ColumnOperation.DeleteField(column, fieldIndex(column, field))
        : new ColumnOperation.DeleteColumn(column);
  }
}
