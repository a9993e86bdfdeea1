package io.quorate.client;

import io.quorate.protocol.BoundValues;
import io.quorate.protocol.ColumnSpec;
import io.quorate.protocol.Md5;
import io.quorate.protocol.Murmur3;
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
  private final String keyspace;
  private final int[] partitionKeyIndexes;
  private volatile ResultMetadata result;

  PreparedStatement(String query, Response.Prepared response) {
    this.query = query;
    this.id = response.statementId();
    this.markers = response.markers();
    this.keyspace = markers.columns().isEmpty() ? "" : markers.columns().get(0).keyspace();
    this.partitionKeyIndexes =
        response.partitionKeyIndexes().stream().mapToInt(Integer::intValue).toArray();
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

  /** The keyspace of the table; empty when no marker tells. */
  String keyspace() {
    return keyspace;
  }

  /** Whether bound values give the whole partition key, so that its {@link #token} is known. */
  boolean bindsPartitionKey(BoundValues values) {
    for (int index : partitionKeyIndexes) {
      if (values.length(index) < 0) {
        return false;
      }
    }
    return partitionKeyIndexes.length > 0;
  }

  /** The token of the partition whose key bound values give. */
  long token(BoundValues values) {
    if (partitionKeyIndexes.length == 1) {
      int index = partitionKeyIndexes[0];
      return Murmur3.token(values.bytes(), values.offset(index), values.length(index));
    }
    ByteSink key = new ByteSink(64);
    for (int index : partitionKeyIndexes) {
      int length = values.length(index);
      key.writeShort(length);
      key.write(values.bytes(), values.offset(index), length);
      key.writeByte(0);
    }
    return Murmur3.token(key.array(), 0, key.length());
  }
}
