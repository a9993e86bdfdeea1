package io.quorate.cql;

import io.quorate.coordinator.metadata.ColumnMetadata;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.cql.parser.Relation;
import io.quorate.cql.parser.Relation.Operator;
import io.quorate.cql.parser.Term;
import io.quorate.protocol.ColumnSpec;
import io.quorate.protocol.types.CqlType;
import io.quorate.protocol.types.CqlType.ListType;
import io.quorate.protocol.types.CqlType.MapType;
import io.quorate.protocol.types.CqlType.Scalar;
import io.quorate.protocol.types.CqlType.SetType;
import io.quorate.protocol.types.CqlType.TupleType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Makes {@link Restrictions} of a WHERE clause. Lives for one preparation. */
final class RestrictionAnalyzer {

  /** What the clause belongs to. */
  enum Purpose {
    SELECT,
    SELECT_FILTERING,
    /** A table whose rows are all looked at anyway. */
    SELECT_VIRTUAL,
    MODIFICATION
  }

  static final String NEEDS_FILTERING =
      "Cannot execute this query as it might involve data filtering and thus may have"
          + " unpredictable performance. If you want to execute this query despite the performance"
          + " unpredictability, use ALLOW FILTERING";

  private final TableMetadata table;
  private final ExpressionBuilder expressions;
  private final Purpose purpose;

  private final Map<Integer, Values> partitionKey = new TreeMap<>();
  private final Map<Integer, ClusteringRestriction> clusteringByPosition = new TreeMap<>();
  private final Map<Integer, List<Restrictions.Filter>> clusteringFilters = new TreeMap<>();
  private final List<Restrictions.Filter> filters = new ArrayList<>();
  private final Map<String, Operator> equalOn = new LinkedHashMap<>();
  private Restrictions.@Nullable TokenBound lowerToken;
  private Restrictions.@Nullable TokenBound upperToken;

  private RestrictionAnalyzer(TableMetadata table, ExpressionBuilder expressions, Purpose purpose) {
    this.table = table;
    this.expressions = expressions;
    this.purpose = purpose;
  }

  static Restrictions analyze(
      TableMetadata table, List<Relation> where, ExpressionBuilder expressions, Purpose purpose) {
    RestrictionAnalyzer analyzer = new RestrictionAnalyzer(table, expressions, purpose);
    where.forEach(analyzer::add);
    return analyzer.finish();
  }

  static ColumnMetadata column(TableMetadata table, String name) {
    ColumnMetadata column = table.column(name);
    if (column == null) {
      throw RequestException.invalid(
          "Undefined column name " + name + " in table " + table.keyspace() + "." + table.name());
    }
    return column;
  }

  private ColumnSpec spec(ColumnMetadata column) {
    return new ColumnSpec(table.keyspace(), table.name(), column.name(), column.type());
  }

  private void add(Relation relation) {
    switch (relation.operator()) {
      case LIKE ->
          throw RequestException.invalid(
              "LIKE restriction is only supported on properly indexed columns. "
                  + relation
                  + " is not valid.");
      case IS_NOT_NULL -> throw RequestException.invalid("Unsupported restriction: " + relation);
      case NOT_EQUAL -> throw RequestException.invalid("Unsupported \"!=\" relation: " + relation);
      default -> {}
    }
    switch (relation.target()) {
      case Relation.Column target -> addColumn(column(table, target.name()), relation);
      case Relation.Columns target -> addColumns(target, relation);
      case Relation.Token target -> addToken(target, relation);
      case Relation.Element target -> addElement(column(table, target.name()), target, relation);
    }
  }

  private void addColumn(ColumnMetadata column, Relation relation) {
    Operator operator = relation.operator();
    boolean contains = operator == Operator.CONTAINS || operator == Operator.CONTAINS_KEY;
    if (contains) {
      addContains(column, relation);
      return;
    }
    if (column.type().isMultiCell()) {
      throw RequestException.invalid(
          "Collection column '"
              + column.name()
              + "' ("
              + column.type()
              + ") cannot be restricted by a '"
              + operator
              + "' relation");
    }
    if (column.type().mentions(Scalar.DURATION) && operator.isRange()) {
      throw RequestException.invalid("Slice restrictions are not supported on duration columns");
    }
    if (purpose == Purpose.SELECT_VIRTUAL) {
      addFilter(column, relation);
      return;
    }
    switch (column.kind()) {
      case PARTITION_KEY -> addPartitionKey(column, relation);
      case CLUSTERING -> addClustering(List.of(column), spec(column), relation);
      case STATIC, REGULAR -> {
        if (purpose == Purpose.MODIFICATION) {
          throw RequestException.invalid(
              "Non PRIMARY KEY columns found in where clause: " + column.name());
        }
        addFilter(column, relation);
      }
    }
  }

  private Values values(ColumnSpec receiver, Relation relation) {
    String name = receiver.name();
    return switch (relation.value()) {
      case Term.InList list ->
          new Values.Many(
              list.elements().stream()
                  .map(term -> new Values.One(name, expressions.build(term, receiver)))
                  .toList());
      case Term.Marker marker when relation.operator() == Operator.IN ->
          new Values.Listed(
              name,
              receiver.type(),
              expressions.build(
                  marker,
                  Markers.as(receiver, "in(" + name + ")", new ListType(receiver.type(), true))));
      default -> new Values.One(name, expressions.build(relation.value(), receiver));
    };
  }

  private void addPartitionKey(ColumnMetadata column, Relation relation) {
    if (relation.operator().isRange()) {
      if (purpose == Purpose.SELECT_FILTERING) {
        addFilter(column, relation);
        return;
      }
      throw RequestException.invalid(
          "Only EQ and IN relation are supported on the partition key (unless you use the token()"
              + " function)");
    }
    oneEquality(column, relation);
    if (relation.value() instanceof Term.Marker marker && relation.operator() == Operator.EQUAL) {
      expressions.markers().givesPartitionKey(marker, column.name());
    }
    partitionKey.put(column.position(), values(spec(column), relation));
  }

  private void oneEquality(ColumnMetadata column, Relation relation) {
    if (equalOn.put(column.name(), relation.operator()) != null) {
      throw RequestException.invalid(
          column.name()
              + " cannot be restricted by more than one relation if it includes an "
              + (relation.operator() == Operator.IN ? "IN" : "Equal"));
    }
  }

  private void addClustering(List<ColumnMetadata> columns, ColumnSpec receiver, Relation relation) {
    int first = columns.get(0).position();
    ClusteringRestriction before = clusteringByPosition.get(first);
    if (!relation.operator().isRange()) {
      for (ColumnMetadata column : columns) {
        if (before != null) {
          throw RequestException.invalid(
              column.name()
                  + " cannot be restricted by more than one relation if it includes an "
                  + (relation.operator() == Operator.IN ? "IN" : "Equal"));
        }
        oneEquality(column, relation);
      }
      Values values = values(receiver, relation);
      clusteringByPosition.put(first, new ClusteringRestriction(columns, values, null, null));
      noteFilter(columns, relation, values, first);
      return;
    }
    Values.One value =
        new Values.One(receiver.name(), expressions.build(relation.value(), receiver));
    ClusteringRestriction.Bound bound =
        new ClusteringRestriction.Bound(value, relation.operator().isInclusive());
    if (before != null && !before.isRange()) {
      throw RequestException.invalid(
          receiver.name()
              + " cannot be restricted by more than one relation if it includes an Equal");
    }
    boolean isLower = relation.operator().isLowerBound();
    if (before != null && (isLower ? before.lower() : before.upper()) != null) {
      throw RequestException.invalid(
          "More than one restriction was found for the "
              + (isLower ? "start" : "end")
              + " bound on "
              + receiver.name());
    }
    if (before != null && !before.columns().equals(columns)) {
      throw RequestException.invalid(
          "Mixing single column relations and multi column relations on the same columns is not"
              + " supported yet");
    }
    clusteringByPosition.put(
        first,
        new ClusteringRestriction(
            columns,
            null,
            isLower ? bound : before == null ? null : before.lower(),
            isLower ? before == null ? null : before.upper() : bound));
    noteFilter(columns, relation, value, first);
  }

  /** The same restriction as a filter, for the case that the columns before it are not given. */
  private void noteFilter(
      List<ColumnMetadata> columns, Relation relation, Values values, int position) {
    if (columns.size() == 1) {
      ColumnMetadata column = columns.get(0);
      clusteringFilters
          .computeIfAbsent(position, at -> new ArrayList<>())
          .add(new Restrictions.Filter(column, column.type(), null, relation.operator(), values));
    }
  }

  private void addColumns(Relation.Columns target, Relation relation) {
    List<ColumnMetadata> columns = new ArrayList<>();
    for (String name : target.columns()) {
      ColumnMetadata column = column(table, name);
      if (column.kind() != ColumnMetadata.Kind.CLUSTERING) {
        throw RequestException.invalid(
            "Multi-column relations can only be applied to clustering columns but was applied to: "
                + name);
      }
      if (!columns.isEmpty()
          && column.position() != columns.get(columns.size() - 1).position() + 1) {
        throw RequestException.invalid(
            "Clustering columns must appear in the PRIMARY KEY order in multi-column relations: "
                + relation);
      }
      columns.add(column);
    }
    if (purpose == Purpose.SELECT_VIRTUAL) {
      throw RequestException.notYet("A relation of several columns on a virtual table");
    }
    TupleType tuple = new TupleType(columns.stream().map(ColumnMetadata::type).toList());
    CqlType type = columns.size() == 1 ? columns.get(0).type() : tuple;
    ColumnSpec receiver =
        new ColumnSpec(table.keyspace(), table.name(), target.toString().replace(" ", ""), type);
    addClustering(List.copyOf(columns), receiver, relation);
  }

  private void addToken(Relation.Token target, Relation relation) {
    if (purpose == Purpose.MODIFICATION) {
      throw RequestException.invalid(
          "The token function cannot be used in WHERE clauses for UPDATE statements");
    }
    if (purpose == Purpose.SELECT_VIRTUAL) {
      throw RequestException.notYet("token() on a virtual table");
    }
    List<String> keyNames = table.partitionKey().stream().map(ColumnMetadata::name).toList();
    target.columns().forEach(name -> column(table, name));
    if (!keyNames.equals(target.columns())) {
      throw RequestException.invalid(
          target.columns().size() == keyNames.size() && keyNames.containsAll(target.columns())
              ? "The token function arguments must be in the partition key order: "
                  + String.join(", ", keyNames)
              : "The token() function must be applied to all partition key components or none of"
                  + " them");
    }
    ColumnSpec receiver =
        new ColumnSpec(table.keyspace(), table.name(), "partition key token", Scalar.BIGINT);
    Values.One value =
        new Values.One(receiver.name(), expressions.build(relation.value(), receiver));
    Operator operator = relation.operator();
    Restrictions.TokenBound bound =
        new Restrictions.TokenBound(value, operator.isInclusive() || operator == Operator.EQUAL);
    switch (operator) {
      case EQUAL -> {
        lowerToken = bound;
        upperToken = bound;
      }
      case GREATER, GREATER_OR_EQUAL -> lowerToken = oneTokenBound(lowerToken, bound, "start");
      case LESS, LESS_OR_EQUAL -> upperToken = oneTokenBound(upperToken, bound, "end");
      default ->
          throw RequestException.invalid(operator + " cannot be used with the token function");
    }
  }

  private static Restrictions.TokenBound oneTokenBound(
      Restrictions.@Nullable TokenBound before, Restrictions.TokenBound bound, String which) {
    if (before != null) {
      throw RequestException.invalid(
          "More than one restriction was found for the " + which + " bound on the token");
    }
    return bound;
  }

  private void addFilter(ColumnMetadata column, Relation relation) {
    filters.add(
        new Restrictions.Filter(
            column, column.type(), null, relation.operator(), values(spec(column), relation)));
  }

  private void addContains(ColumnMetadata column, Relation relation) {
    boolean key = relation.operator() == Operator.CONTAINS_KEY;
    CqlType element =
        switch (column.type()) {
          case ListType list when !key -> list.element();
          case SetType set when !key -> set.element();
          case MapType map -> key ? map.key() : map.value();
          default ->
              throw RequestException.invalid(
                  "Cannot use "
                      + relation.operator()
                      + " on non-"
                      + (key ? "map" : "collection")
                      + " column "
                      + column.name());
        };
    refuseInModification(column);
    ColumnSpec receiver =
        Markers.as(spec(column), (key ? "key(" : "value(") + column.name() + ")", element);
    filters.add(
        new Restrictions.Filter(
            column,
            element,
            null,
            relation.operator(),
            new Values.One(column.name(), expressions.build(relation.value(), receiver))));
  }

  private void addElement(ColumnMetadata column, Relation.Element target, Relation relation) {
    if (!(column.type() instanceof MapType map)) {
      throw RequestException.invalid("Column " + column.name() + " cannot be used as a map");
    }
    if (relation.operator() != Operator.EQUAL) {
      throw RequestException.invalid("Only EQ relations are supported on map entries");
    }
    refuseInModification(column);
    filters.add(
        new Restrictions.Filter(
            column,
            map.value(),
            expressions.build(
                target.key(), Markers.as(spec(column), "key(" + column.name() + ")", map.key())),
            relation.operator(),
            new Values.One(
                column.name(),
                expressions.build(
                    relation.value(),
                    Markers.as(spec(column), "value(" + column.name() + ")", map.value())))));
  }

  private void refuseInModification(ColumnMetadata column) {
    if (purpose == Purpose.MODIFICATION) {
      throw RequestException.invalid(
          "Non PRIMARY KEY columns found in where clause: " + column.name());
    }
  }

  private Restrictions finish() {
    List<ClusteringRestriction> clustering = new ArrayList<>();
    boolean keyIsWhole = partitionKey.size() == table.partitionKey().size();
    int expected = 0;
    ColumnMetadata rangeColumn = null;
    for (ClusteringRestriction restriction : clusteringByPosition.values()) {
      if (restriction.first() == expected && rangeColumn == null) {
        clustering.add(restriction);
        expected += restriction.columns().size();
        rangeColumn = restriction.isRange() ? restriction.columns().get(0) : null;
      } else {
        clusteringAsFilter(restriction, expected, rangeColumn);
      }
    }
    if (purpose == Purpose.SELECT) {
      checkNoFiltering(clustering, keyIsWhole);
    }
    if (!keyIsWhole && !partitionKey.isEmpty()) {
      if (purpose == Purpose.SELECT_FILTERING) {
        partitionKeyAsFilters();
      } else if (purpose == Purpose.SELECT && lowerToken == null && upperToken == null) {
        throw RequestException.invalid(NEEDS_FILTERING);
      }
    }
    if ((lowerToken != null || upperToken != null) && !partitionKey.isEmpty()) {
      throw RequestException.notYet("A token range together with partition key values");
    }
    return new Restrictions(
        partitionKey, lowerToken, upperToken, List.copyOf(clustering), List.copyOf(filters));
  }

  private void checkNoFiltering(List<ClusteringRestriction> clustering, boolean keyIsWhole) {
    if (!filters.isEmpty()) {
      throw RequestException.invalid(NEEDS_FILTERING);
    }
    if (!clustering.isEmpty() && !keyIsWhole) {
      throw RequestException.invalid(NEEDS_FILTERING);
    }
  }

  private void clusteringAsFilter(
      ClusteringRestriction restriction, int expected, @Nullable ColumnMetadata rangeColumn) {
    ColumnMetadata column = restriction.columns().get(0);
    if (purpose != Purpose.SELECT_FILTERING) {
      throw RequestException.invalid(
          rangeColumn != null
              ? "Clustering column \""
                  + column.name()
                  + "\" cannot be restricted (preceding column \""
                  + rangeColumn.name()
                  + "\" is restricted by a non-EQ relation)"
              : "PRIMARY KEY column \""
                  + column.name()
                  + "\" cannot be restricted as preceding column \""
                  + table.clustering().get(expected).name()
                  + "\" is not restricted");
    }
    List<Restrictions.Filter> asFilters = clusteringFilters.get(restriction.first());
    if (asFilters == null) {
      throw RequestException.notYet("Filtering by a relation of several columns");
    }
    filters.addAll(asFilters);
  }

  private void partitionKeyAsFilters() {
    partitionKey.forEach((position, values) -> {
      ColumnMetadata column = table.partitionKey().get(position);
      filters.add(
          new Restrictions.Filter(
              column,
              column.type(),
              null,
              values instanceof Values.One ? Operator.EQUAL : Operator.IN,
              values));
    });
    partitionKey.clear();
  }
}
