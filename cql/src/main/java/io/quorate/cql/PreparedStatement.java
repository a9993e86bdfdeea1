package io.quorate.cql;

import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.protocol.Md5;
import io.quorate.protocol.ResultMetadata;
import io.quorate.protocol.types.ByteSink;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A statement that has been read and planned. Immutable, shared by all connections.
 *
 * @param schemaVersion of the schema that it was last seen to fit
 * @param keyspace in which it was prepared
 */
record PreparedStatement(
    UUID schemaVersion,
    Md5 id,
    String query,
    @Nullable String keyspace,
    Plan plan,
    ResultMetadata markers,
    List<Integer> partitionKeyIndexes) {

  /** Rough weight of a plan beside its text. */
  private static final int PLAN_BYTES = 2_000;

  private static final int MARKER_BYTES = 200;

  /** As Cassandra makes it: of the keyspace and the text, so that it is the same on every node. */
  static Md5 id(String query, @Nullable String keyspace) {
    ByteSink bytes = new ByteSink(query.length() + 32);
    if (keyspace != null) {
      bytes.writeUtf8(keyspace);
    }
    bytes.writeUtf8(query);
    return Md5.of(bytes.array(), 0, bytes.length());
  }

  /** Whether the schema is the very one that it was last seen to fit. */
  boolean isOf(ClusterMetadata metadata) {
    return schemaVersion.equals(metadata.schemaVersion());
  }

  /** This statement under another schema; null when its tables are others there. */
  @Nullable PreparedStatement under(ClusterMetadata metadata) {
    for (TableMetadata table : plan.tables()) {
      TableMetadata now = metadata.table(table.id());
      if (!table.equals(now)) {
        return null;
      }
    }
    return new PreparedStatement(
        metadata.schemaVersion(), id, query, keyspace, plan, markers, partitionKeyIndexes);
  }

  int weightBytes() {
    return query.length() * 2 + PLAN_BYTES + MARKER_BYTES * markers.columns().size();
  }
}
