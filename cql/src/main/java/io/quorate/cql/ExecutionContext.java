package io.quorate.cql;

import io.quorate.coordinator.Coordinator;
import io.quorate.environment.Clock;
import io.quorate.environment.Randomness;
import io.quorate.protocol.BoundValues;
import io.quorate.protocol.QueryParameters;

/**
 * One execution of a statement: its values, its moment, and what functions may ask. Owned by one
 * shard at a time: it is handed over whole to the one that runs it.
 */
final class ExecutionContext {
  private final NodeServices node;
  private final QueryParameters parameters;
  private final BoundValues values;
  private final long nowSeconds;
  private long timestampMicros;

  /** What the node lends to every execution. */
  record NodeServices(
      Coordinator coordinator, Clock clock, Randomness random, TimeUuids timeUuids) {}

  ExecutionContext(NodeServices node, QueryParameters parameters) {
    this(node, parameters, parameters.values(), QueryParameters.NO_TIMESTAMP);
  }

  private ExecutionContext(
      NodeServices node, QueryParameters parameters, BoundValues values, long timestampMicros) {
    this.node = node;
    this.parameters = parameters;
    this.values = values;
    this.timestampMicros = timestampMicros;
    this.nowSeconds =
        parameters.nowSeconds() == QueryParameters.NO_NOW
            ? node.clock().wallSeconds()
            : parameters.nowSeconds();
  }

  /** The same moment for another statement of a batch. */
  ExecutionContext withValues(BoundValues others) {
    return new ExecutionContext(node, parameters, others, timestampMicros());
  }

  QueryParameters parameters() {
    return parameters;
  }

  BoundValues values() {
    return values;
  }

  long nowSeconds() {
    return nowSeconds;
  }

  /** The client's timestamp, or else one of ours, the same for the whole execution. */
  long timestampMicros() {
    if (timestampMicros == QueryParameters.NO_TIMESTAMP) {
      timestampMicros =
          parameters.timestampMicros() != QueryParameters.NO_TIMESTAMP
              ? parameters.timestampMicros()
              : node.coordinator().nextTimestampMicros();
    }
    return timestampMicros;
  }

  Coordinator coordinator() {
    return node.coordinator();
  }

  Clock clock() {
    return node.clock();
  }

  Randomness random() {
    return node.random();
  }

  TimeUuids timeUuids() {
    return node.timeUuids();
  }
}
