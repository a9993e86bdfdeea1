package io.quorate.node;

import io.quorate.coordinator.Internode;
import io.quorate.coordinator.LocalReplica;
import io.quorate.coordinator.RangeFetch;
import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.Transition;
import io.quorate.environment.Environment;
import io.quorate.environment.Shard;
import io.quorate.sstable.StorageEngine;
import io.quorate.sstable.StorageTask;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.function.IntSupplier;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes what fetches rows from other nodes into this one.
 *
 * @param tables whether a table is still there
 * @param notes writes what was fetched down, in order
 */
record Streamings(
    Environment environment,
    Shard shard,
    StorageEngine engine,
    Internode internode,
    LocalReplica local,
    NodeConfig config,
    Predicate<UUID> tables,
    Executor notes) {
  private static final Logger log = LoggerFactory.getLogger(Streamings.class);

  /** What this node has noted for transitions that are over goes. */
  void forgetOver(ClusterMetadata metadata) {
    StreamingLog.forgetAllBut(
        environment.files(),
        notes,
        config.dataDirectory(),
        metadata.epoch(),
        metadata.transitions().stream().map(Transition::number).toList());
  }

  /**
   * @param file in the data directory: which pieces are here already
   * @param number what they were fetched for
   * @param share how many fetch into this node now: what may come a second is shared among them
   * @param finished called once, on the shard
   */
  Streaming of(
      List<Streaming.Piece> pieces,
      String file,
      long number,
      IntSupplier share,
      Runnable finished,
      StorageTask task) {
    return new Streaming(
        shard,
        pieces,
        tables,
        (piece, listener) ->
            new RangeFetch(
                environment.clock(),
                shard,
                internode,
                local,
                piece.source(),
                piece.table(),
                piece.lastToken(),
                config.streamBytesPerSecond() / Streaming.AT_ONCE / Math.max(1, share.getAsInt()),
                listener),
        StreamingLog.open(environment.files(), notes, config.dataDirectory().resolve(file), number),
        then ->
            engine.flushAll(failure -> {
              if (failure != null) {
                // It is tried again by itself; what has a log is safe already.
                log.warn("flushing what was fetched failed: {}", failure.getMessage());
              }
              shard.execute(then);
            }),
        finished,
        task);
  }
}
