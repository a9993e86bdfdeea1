package io.quorate.cql.system;

import io.quorate.coordinator.Coordinator;
import io.quorate.coordinator.metadata.ColumnMetadata;
import io.quorate.coordinator.metadata.ColumnMetadata.Kind;
import io.quorate.coordinator.metadata.CommitLogSync;
import io.quorate.coordinator.metadata.KeyspaceMetadata;
import io.quorate.coordinator.metadata.Replication;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.coordinator.metadata.TableOptions;
import io.quorate.protocol.types.CqlType;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * The tables about the schema: system_schema, and system_virtual_schema with the tables of itself.
 */
final class SchemaTables {
  private static final String SCHEMA = "system_schema";
  static final String VIRTUAL = "system_virtual_schema";

  private static final String OPTIONS =
      "additional_write_policy text, allow_auto_snapshot boolean, bloom_filter_fp_chance double,"
          + " caching frozen<map<text, text>>, cdc boolean, comment text, compaction"
          + " frozen<map<text, text>>, compression frozen<map<text, text>>, crc_check_chance"
          + " double, dclocal_read_repair_chance double, default_time_to_live int, extensions"
          + " frozen<map<text, blob>>, gc_grace_seconds int, id uuid, incremental_backups boolean,"
          + " max_index_interval int, memtable text, memtable_flush_period_in_ms int,"
          + " min_index_interval int, read_repair text, read_repair_chance double,"
          + " speculative_retry text";
  private static final String COLUMNS =
      "keyspace_name text PK, table_name text CK, column_name text CK, clustering_order text,"
          + " column_name_bytes blob, kind text, position int, type text";

  private final Coordinator coordinator;

  /** The tables that nodes make up, by whether their keyspace counts as virtual. */
  private final Supplier<Collection<VirtualTable>> madeUp;

  SchemaTables(Coordinator coordinator, Supplier<Collection<VirtualTable>> madeUp) {
    this.coordinator = coordinator;
    this.madeUp = madeUp;
  }

  List<VirtualTable> all() {
    return List.of(
        VirtualTable.of(
            SCHEMA,
            "keyspaces",
            "keyspace_name text PK, commitlog_sync text, durable_writes boolean,"
                + " replication frozen<map<text, text>>",
            this::keyspaces),
        VirtualTable.of(
            SCHEMA,
            "tables",
            "keyspace_name text PK, table_name text CK, flags frozen<set<text>>, " + OPTIONS,
            rows -> tables().forEach(table -> table(table, rows.begin()))),
        VirtualTable.of(
            SCHEMA, "columns", COLUMNS, rows -> tables().forEach(table -> columns(table, rows))),
        VirtualTable.of(
            SCHEMA,
            "dropped_columns",
            "keyspace_name text PK, table_name text CK, column_name text CK, dropped_time"
                + " timestamp, kind text, type text",
            rows -> tables().forEach(table -> droppedColumns(table, rows))),
        VirtualTable.of(
            SCHEMA,
            "types",
            "keyspace_name text PK, type_name text CK, field_names frozen<list<text>>, field_types"
                + " frozen<list<text>>",
            this::types),
        empty(
            "views",
            "view_name text CK, base_table_id uuid, base_table_name text, include_all_columns"
                + " boolean, where_clause text, "
                + OPTIONS),
        empty(
            "column_masks",
            "table_name text CK, column_name text CK, function_argument_nulls"
                + " frozen<list<boolean>>, function_argument_types frozen<list<text>>,"
                + " function_argument_values frozen<list<text>>, function_keyspace text,"
                + " function_name text"),
        empty(
            "indexes",
            "table_name text CK, index_name text CK, kind text, options frozen<map<text, text>>"),
        empty(
            "triggers",
            "table_name text CK, trigger_name text CK, options frozen<map<text, text>>"),
        empty(
            "functions",
            "function_name text CK, argument_types frozen<list<text>> CK, argument_names"
                + " frozen<list<text>>, body text, called_on_null_input boolean, language text,"
                + " return_type text"),
        empty(
            "aggregates",
            "aggregate_name text CK, argument_types frozen<list<text>> CK, final_func text,"
                + " initcond text, return_type text, state_func text, state_type text"),
        VirtualTable.of(
            VIRTUAL,
            "keyspaces",
            "keyspace_name text PK",
            rows -> rows.begin().set("keyspace_name", VIRTUAL)),
        VirtualTable.of(
            VIRTUAL,
            "tables",
            "keyspace_name text PK, table_name text CK, comment text",
            this::virtualTables),
        VirtualTable.of(
            VIRTUAL,
            "columns",
            COLUMNS,
            rows ->
                madeUp.get().stream()
                    .map(VirtualTable::metadata)
                    .filter(table -> table.keyspace().equals(VIRTUAL))
                    .forEach(table -> columns(table, rows))));
  }

  private static VirtualTable empty(String name, String columns) {
    return VirtualTable.of(SCHEMA, name, "keyspace_name text PK, " + columns, rows -> {});
  }

  /** Tables of users, and those of the system keyspaces that are told as if they were stored. */
  private List<TableMetadata> tables() {
    List<TableMetadata> tables = new ArrayList<>();
    for (KeyspaceMetadata keyspace : coordinator.metadata().keyspaces()) {
      tables.addAll(keyspace.tables().values());
    }
    madeUp.get().stream()
        .map(VirtualTable::metadata)
        .filter(table -> !table.keyspace().equals(VIRTUAL))
        .forEach(tables::add);
    return tables;
  }

  private void keyspaces(VirtualTable.Rows rows) {
    for (KeyspaceMetadata keyspace : coordinator.metadata().keyspaces()) {
      keyspace(rows, keyspace.name(), keyspace.durableWrites(), keyspace.replication())
          .set("commitlog_sync", keyspace.commitLogSync().cqlName());
    }
    for (String name : List.of("system", SCHEMA, "system_traces")) {
      keyspace(rows, name, true, new Replication.Local())
          .set("commitlog_sync", CommitLogSync.DEFAULT.cqlName());
    }
  }

  private static VirtualTable.Row keyspace(
      VirtualTable.Rows rows, String name, boolean durableWrites, Replication replication) {
    return rows.begin()
        .set("keyspace_name", name)
        .set("durable_writes", durableWrites)
        .set("replication", replication.asMap());
  }

  private static void table(TableMetadata table, VirtualTable.Row row) {
    TableOptions options = table.options();
    row.set("keyspace_name", table.keyspace())
        .set("table_name", table.name())
        .set("flags", Set.of("compound"))
        .set("additional_write_policy", options.additionalWritePolicy())
        .set("allow_auto_snapshot", true)
        .set("bloom_filter_fp_chance", options.bloomFilterFpChance())
        .set("caching", options.caching())
        .set("cdc", options.cdc())
        .set("comment", options.comment())
        .set("compaction", options.compaction())
        .set("compression", options.compression())
        .set("crc_check_chance", options.crcCheckChance())
        .set("dclocal_read_repair_chance", 0.0)
        .set("default_time_to_live", options.defaultTimeToLiveSeconds())
        .set("extensions", Map.of())
        .set("gc_grace_seconds", options.gcGraceSeconds())
        .set("id", table.id())
        .set("incremental_backups", true)
        .set("max_index_interval", options.maxIndexInterval())
        .set("memtable", options.memtable().isEmpty() ? null : options.memtable())
        .set("memtable_flush_period_in_ms", options.memtableFlushPeriodMillis())
        .set("min_index_interval", options.minIndexInterval())
        .set("read_repair", options.readRepair())
        .set("read_repair_chance", 0.0)
        .set("speculative_retry", options.speculativeRetry());
  }

  private static void columns(TableMetadata table, VirtualTable.Rows rows) {
    for (ColumnMetadata column : table.columns()) {
      String order =
          column.kind() != Kind.CLUSTERING ? "none" : column.descending() ? "desc" : "asc";
      rows.begin()
          .set("keyspace_name", table.keyspace())
          .set("table_name", table.name())
          .set("column_name", column.name())
          .set("clustering_order", order)
          .set("column_name_bytes", ByteBuffer.wrap(column.name().getBytes(StandardCharsets.UTF_8)))
          .set("kind", column.kind().text())
          .set("position", column.position())
          .set("type", column.type().toString());
    }
  }

  private static void droppedColumns(TableMetadata table, VirtualTable.Rows rows) {
    for (TableMetadata.DroppedColumn dropped : table.dropped()) {
      rows.begin()
          .set("keyspace_name", table.keyspace())
          .set("table_name", table.name())
          .set("column_name", dropped.column().name())
          .set(
              "dropped_time",
              Instant.ofEpochMilli(Math.floorDiv(dropped.droppedAtMicros(), 1_000L)))
          .set("kind", dropped.column().kind().text())
          .set("type", dropped.column().type().toString());
    }
  }

  private void types(VirtualTable.Rows rows) {
    for (KeyspaceMetadata keyspace : coordinator.metadata().keyspaces()) {
      for (CqlType.UserType type : keyspace.types().values()) {
        rows.begin()
            .set("keyspace_name", keyspace.name())
            .set("type_name", type.name())
            .set("field_names", type.fieldNames())
            .set("field_types", type.fieldTypes().stream().map(CqlType::toString).toList());
      }
    }
  }

  private void virtualTables(VirtualTable.Rows rows) {
    madeUp.get().stream()
        .map(VirtualTable::metadata)
        .filter(table -> table.keyspace().equals(VIRTUAL))
        .forEach(table ->
            rows.begin()
                .set("keyspace_name", table.keyspace())
                .set("table_name", table.name())
                .set("comment", "virtual " + table.name()));
  }
}
