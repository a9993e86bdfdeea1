package io.quorate.cql;

import io.quorate.coordinator.metadata.ColumnMetadata;
import io.quorate.coordinator.metadata.KeyspaceMetadata;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.protocol.types.Identifiers;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The schema as statements that make it again, in another cluster too, so that rows which were
 * stored under it can be read: a column gets the id that it had. Ids are given in the order in
 * which columns come, and never twice, so columns come in the order of their ids, those that were
 * dropped too, and are dropped again.
 */
public final class SchemaScript {
  private SchemaScript() {}

  /** Statements, each ended by a semicolon, an empty line between. */
  public static String of(Collection<KeyspaceMetadata> keyspaces) {
    List<String> statements = new ArrayList<>();
    for (KeyspaceMetadata keyspace : keyspaces) {
      Descriptions.createKeyspace(keyspace).forEach(statements::add);
      keyspace.tables().values().forEach(table -> addTable(table, statements));
    }
    return String.join("\n\n", statements) + "\n";
  }

  private static void addTable(TableMetadata table, List<String> statements) {
    List<ColumnMetadata> byId = new ArrayList<>(table.columns());
    table.dropped().forEach(dropped -> byId.add(dropped.column()));
    byId.sort(Comparator.comparingInt(ColumnMetadata::id));
    Set<String> names = new LinkedHashSet<>();
    List<ColumnMetadata> first = new ArrayList<>();
    while (first.size() < byId.size() && names.add(byId.get(first.size()).name())) {
      first.add(byId.get(first.size()));
    }
    statements.add(Descriptions.createTable(table, first));
    first.forEach(column -> dropAgain(table, column, statements));
    // A name that was used again: its second column comes after the first is gone.
    for (ColumnMetadata column : byId.subList(first.size(), byId.size())) {
      statements.add(
          alter(table)
              + " ADD "
              + Identifiers.quoteIfNeeded(column.name())
              + " "
              + column.type()
              + (column.kind() == ColumnMetadata.Kind.STATIC ? " static;" : ";"));
      dropAgain(table, column, statements);
    }
  }

  private static void dropAgain(
      TableMetadata table, ColumnMetadata column, List<String> statements) {
    if (!table.columns().contains(column)) {
      statements.add(alter(table) + " DROP " + Identifiers.quoteIfNeeded(column.name()) + ";");
    }
  }

  private static String alter(TableMetadata table) {
    return "ALTER TABLE "
        + Identifiers.quoteIfNeeded(table.keyspace())
        + "."
        + Identifiers.quoteIfNeeded(table.name());
  }
}
