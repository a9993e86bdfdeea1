package io.quorate.cql;

import io.quorate.coordinator.metadata.ColumnMetadata;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.cql.parser.CqlText;
import io.quorate.cql.parser.Statement;
import io.quorate.cql.system.VirtualTable;
import io.quorate.protocol.ColumnSpec;
import io.quorate.protocol.ResultMetadata;
import io.quorate.protocol.types.CqlType;
import io.quorate.protocol.types.CqlType.Scalar;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** From text to a planned statement. Stateless. */
final class Planner {
  private Planner() {}

  static PreparedStatement prepare(String query, Schema schema) {
    CqlText.Parsed parsed = CqlText.parse(query);
    Markers markers = new Markers(parsed.markerCount());
    Plan plan = plan(parsed.statement(), schema, markers);
    return new PreparedStatement(
        schema.metadata().schemaVersion(),
        PreparedStatement.id(query, schema.currentKeyspace()),
        query,
        schema.currentKeyspace(),
        plan,
        parsed.markerCount() == 0 ? ResultMetadata.EMPTY : new ResultMetadata(markers.specs()),
        partitionKeyIndexes(plan, markers));
  }

  private static List<Integer> partitionKeyIndexes(Plan plan, Markers markers) {
    return switch (plan) {
      case Plan.Read read -> partitionKeyIndexes(read.select().table(), markers);
      case Plan.Write write -> partitionKeyIndexes(write.modification().table(), markers);
      case Plan.WriteBatch batch ->
          batch.tables().size() == 1
              ? partitionKeyIndexes(batch.tables().get(0), markers)
              : List.of();
      case Plan.ReadVirtual virtual -> List.of();
      case Plan.Direct direct -> List.of();
    };
  }

  private static List<Integer> partitionKeyIndexes(TableMetadata table, Markers markers) {
    return markers.partitionKeyIndexes(
        table.partitionKey().stream().map(ColumnMetadata::name).toList());
  }

  private static Plan plan(Statement statement, Schema schema, Markers markers) {
    return switch (statement) {
      case Statement.Select select -> select(select, schema, markers);
      case Statement.Modification modification ->
          new Plan.Write(modification(modification, schema, markers));
      case Statement.Batch batch -> batch(batch, schema, markers);
      case Statement.Unsupported unsupported -> throw RequestException.notYet(unsupported.what());
      case Statement.Truncate truncate -> new Plan.Direct(truncate);
      case Statement.Use use -> new Plan.Direct(use);
      case Statement.Describe describe -> new Plan.Direct(describe);
      case Statement.SchemaStatement change -> new Plan.Direct(change);
    };
  }

  private static ExpressionBuilder expressions(
      TableMetadata table, Schema schema, Markers markers) {
    List<CqlType> keyTypes = table.partitionKey().stream().map(ColumnMetadata::type).toList();
    return new ExpressionBuilder(markers, schema.userTypes(table.keyspace()), keyTypes);
  }

  private static Plan select(Statement.Select select, Schema schema, Markers markers) {
    @Nullable VirtualTable virtual = schema.virtualTable(select.table());
    TableMetadata table = virtual != null ? virtual.metadata() : schema.table(select.table());
    SelectPlan plan =
        SelectPlanner.plan(
            table,
            select,
            expressions(table, schema, markers),
            schema.userTypes(table.keyspace()),
            virtual != null);
    return virtual != null ? new Plan.ReadVirtual(plan, virtual) : new Plan.Read(plan);
  }

  private static ModificationPlan modification(
      Statement.Modification modification, Schema schema, Markers markers) {
    TableMetadata table = schema.table(modification.table());
    return new ModificationPlanner(table, expressions(table, schema, markers)).plan(modification);
  }

  private static Plan batch(Statement.Batch batch, Schema schema, Markers markers) {
    if (batch.kind() == Statement.Batch.Kind.COUNTER) {
      throw RequestException.notYet("A counter batch");
    }
    if (batch.attributes().timeToLive() != null) {
      throw RequestException.invalid("Global TTL on the BATCH statement is not supported.");
    }
    List<ModificationPlan> plans = new ArrayList<>();
    for (Statement.Modification modification : batch.modifications()) {
      ModificationPlan plan = modification(modification, schema, markers);
      if (batch.attributes().timestamp() != null) {
        if (plan.timestamp() != null) {
          throw RequestException.invalid(
              "Timestamp must be set either on BATCH or individual statements");
        }
        plan = plan.withTimestamp(timestamp(batch, plan.table(), schema, markers));
      }
      plans.add(plan);
    }
    return new Plan.WriteBatch(List.copyOf(plans), batch.kind() == Statement.Batch.Kind.LOGGED);
  }

  private static Expression timestamp(
      Statement.Batch batch, TableMetadata table, Schema schema, Markers markers) {
    return expressions(table, schema, markers)
        .build(
            Objects.requireNonNull(batch.attributes().timestamp()),
            new ColumnSpec(table.keyspace(), table.name(), "[timestamp]", Scalar.BIGINT));
  }
}
