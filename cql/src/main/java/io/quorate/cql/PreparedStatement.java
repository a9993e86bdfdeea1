package io.quorate.cql;

import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.protocol.Md5;
import io.quorate.protocol.ResultMetadata;
import io.quorate.protocol.types.ByteSink;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A statement that has been read and planned. Immutable, shared by all connections.
 *
 * @param keyspace in which it was prepared
 */
record PreparedStatement(
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

  /** Whether the schema is still that for which it was planned. */
  boolean isCurrent(ClusterMetadata metadata) {
    for (TableMetadata table : plan.tables()) {
      TableMetadata now = metadata.table(table.id());
      if (!table.equals(now)) {
        return false;
      }
    }
    return true;
  }

  int weightBytes() {
    return query.length() * 2 + PLAN_BYTES + MARKER_BYTES * markers.columns().size();
  }
}
