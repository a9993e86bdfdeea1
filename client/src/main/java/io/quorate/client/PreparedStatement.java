package io.quorate.client;

import io.quorate.protocol.BoundValues;
import io.quorate.protocol.ColumnSpec;
import io.quorate.protocol.Md5;
import io.quorate.protocol.Response;
import io.quorate.protocol.ResultMetadata;
import io.quorate.protocol.types.ByteSink;
import io.quorate.protocol.types.JavaValues;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A statement that the cluster knows by an id. Safe for concurrent use. When the columns of its
 * result change, the next response brings them and they are taken over.
 */
public final class PreparedStatement {
  private final String query;
  private final Md5 id;
  private final ResultMetadata markers;
  private final List<Integer> partitionKeyIndexes;
  private volatile ResultMetadata result;

  PreparedStatement(String query, Response.Prepared response) {
    this.query = query;
    this.id = response.statementId();
    this.markers = response.markers();
    this.partitionKeyIndexes = response.partitionKeyIndexes();
    this.result = response.result();
  }

  public String query() {
    return query;
  }

  Md5 id() {
    return id;
  }

  ResultMetadata result() {
    return result;
  }

  void resultChanged(ResultMetadata newer) {
    result = newer;
  }

  /** The bind markers, in order. */
  public List<ColumnSpec> markers() {
    return markers.columns();
  }

  /**
   * Binds values by position, as objects of the types that {@code JavaValues} maps.
   *
   * @throws io.quorate.protocol.types.InvalidValueException when a value is not of its marker's
   *     type
   */
  public Statement bind(@Nullable Object... values) {
    List<ColumnSpec> columns = markers.columns();
    if (values.length != columns.size()) {
      throw new IllegalArgumentException(
          values.length + " values for " + columns.size() + " markers of " + query);
    }
    List<byte @Nullable []> encoded = new ArrayList<>(values.length);
    for (int i = 0; i < values.length; i++) {
      Object value = values[i];
      encoded.add(value == null ? null : JavaValues.encode(columns.get(i).type(), value));
    }
    return bindEncoded(encoded);
  }

  /** Binds values that are encoded already. */
  public Statement bindEncoded(List<byte @Nullable []> values) {
    return Statement.bound(this, BoundValues.of(values));
  }

  /** The keyspace of the table; null when no marker tells. */
  @Nullable String keyspace() {
    return markers.columns().isEmpty() ? null : markers.columns().get(0).keyspace();
  }

  /** The partition key that bound values give; null when they do not give all of it. */
  byte @Nullable [] routingKey(BoundValues values) {
    if (partitionKeyIndexes.isEmpty()) {
      return null;
    }
    if (partitionKeyIndexes.size() == 1) {
      return values.copy(partitionKeyIndexes.get(0));
    }
    ByteSink key = new ByteSink(64);
    for (int index : partitionKeyIndexes) {
      int length = values.length(index);
      if (length < 0) {
        return null;
      }
      key.writeShort(length);
      key.write(values.bytes(), values.offset(index), length);
      key.writeByte(0);
    }
    return key.toByteArray();
  }
}
