package io.quorate.coordinator;

import io.quorate.coordinator.Coordinator.PartitionRows;
import io.quorate.coordinator.Coordinator.RangeRows;
import io.quorate.environment.Shard;
import io.quorate.environment.Shards;
import io.quorate.sstable.ApplyOutcome;
import io.quorate.sstable.Mutation;
import io.quorate.sstable.RangeCommand;
import io.quorate.sstable.RangePage;
import io.quorate.sstable.RangePosition;
import io.quorate.sstable.ReadCommand;
import io.quorate.sstable.ReadFailure;
import io.quorate.sstable.ReadLimits;
import io.quorate.sstable.ReadResult;
import io.quorate.sstable.StorageEngine;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * This node's own copy of the data, asked from any shard: a request whose token another shard owns
 * hops there and its answer hops back. Answers come on the calling shard; that of {@link #read}
 * before the call returns when the calling shard owns the token and the answer is at hand, also
 * when writes that were asked for before still wait for their turn.
 */
public final class LocalReplica {
  private static final int PAGE_BYTES = 1 << 20;

  private final Shards shards;
  private final StorageEngine engine;

  public LocalReplica(Shards shards, StorageEngine engine) {
    this.shards = shards;
    this.engine = engine;
  }

  /** Applies what concerns this node alone. */
  void apply(Mutation mutation, LocalAnswer<@Nullable Void> answer) {
    apply(mutation, Long.MAX_VALUE, answer);
  }

  /**
   * @param epoch under which the mutation was planned: what a TRUNCATE has removed since does not
   *     come back
   */
  void apply(Mutation mutation, long epoch, LocalAnswer<@Nullable Void> answer) {
    // Also when it is the calling shard: what is for others leaves before it does its own part.
    Shard owner = shards.owner(mutation.token());
    Shard caller = shards.currentOrFirst();
    owner.execute(() -> engine.apply(mutation, epoch, caller, outcome -> applied(outcome, answer)));
  }

  private static void applied(ApplyOutcome outcome, LocalAnswer<@Nullable Void> answer) {
    switch (outcome) {
      case ApplyOutcome.Applied done -> answer.done(null);
      case ApplyOutcome.UnknownTable unknown ->
          answer.refused("table " + unknown.tableId() + " is not known");
      case ApplyOutcome.Truncated truncated ->
          answer.stale(
              truncated.truncatedAt(),
              "the table was truncated at epoch " + truncated.truncatedAt());
      case ApplyOutcome.TooLarge large ->
          answer.refused(
              "a mutation of " + large.sizeBytes() + " bytes is larger than " + large.limitBytes());
      case ApplyOutcome.Overloaded overloaded -> answer.refused(overloaded.reason());
      case ApplyOutcome.Unavailable unavailable -> answer.refused(unavailable.reason());
    }
  }

  void read(UUID table, long token, byte[] key, ReadLimits limits, LocalAnswer<ReadResult> answer) {
    ReadCommand command = new ReadCommand(table, token, key, limits);
    Shard owner = shards.owner(token);
    if (owner.isCurrent()) {
      read(command, answer);
      return;
    }
    Shard caller = shards.currentOrFirst();
    owner.execute(() -> read(command, new Back<>(caller, answer)));
  }

  private void read(ReadCommand command, LocalAnswer<ReadResult> answer) {
    engine.read(
        command,
        outcome -> {
          switch (outcome) {
            case ReadResult result -> answer.done(result);
            case ReadFailure failure -> answer.refused(failure.message());
          }
        });
  }

  /** Brings an answer back to the shard that asked. */
  private record Back<T extends @Nullable Object>(Shard caller, LocalAnswer<T> answer)
      implements LocalAnswer<T> {
    @Override
    public void done(T value) {
      caller.execute(() -> answer.done(value));
    }

    @Override
    public void refused(String why) {
      caller.execute(() -> answer.refused(why));
    }

    @Override
    public void stale(long epoch, String why) {
      caller.execute(() -> answer.stale(epoch, why));
    }
  }

  /** Reads partitions of any part of the ring, one shard after the other. */
  void readRange(
      UUID table,
      RangePosition from,
      long lastToken,
      ReadLimits limits,
      int rowLimit,
      LocalAnswer<RangeRows> answer) {
    new RangeWalk(table, lastToken, limits, rowLimit, new Back<>(shards.currentOrFirst(), answer))
        .goOn(from);
  }

  private final class RangeWalk {
    private final UUID table;
    private final long lastToken;
    private final ReadLimits limits;
    private final LocalAnswer<RangeRows> answer;
    private final List<PartitionRows> found = new ArrayList<>();
    private int rowsLeft;

    RangeWalk(
        UUID table,
        long lastToken,
        ReadLimits limits,
        int rowLimit,
        LocalAnswer<RangeRows> answer) {
      this.table = table;
      this.lastToken = lastToken;
      this.limits = limits;
      this.rowsLeft = rowLimit;
      this.answer = answer;
    }

    void goOn(RangePosition from) {
      shards.owner(from.token()).execute(() -> readPage(from));
    }

    private void readPage(RangePosition from) {
      RangeCommand command =
          new RangeCommand(
              table,
              from,
              lastToken,
              Reconciliation.withLiveRows(limits, rowsLeft),
              limits.liveRows(),
              PAGE_BYTES);
      engine.readRange(
          command,
          outcome -> {
            switch (outcome) {
              case RangePage page -> took(from, page);
              case ReadFailure failure -> answer.refused(failure.message());
            }
          });
    }

    private void took(RangePosition from, RangePage page) {
      ByteBuffer in = ByteBuffer.wrap(page.partitions());
      while (in.hasRemaining()) {
        long token = in.getLong();
        byte[] key = new byte[in.getShort() & 0xFFFF];
        in.get(key);
        byte[] fragment = new byte[in.getInt()];
        in.get(fragment);
        found.add(new PartitionRows(token, key, fragment));
      }
      rowsLeft -= page.liveRows();
      RangePosition resume = page.resume();
      if (resume != null) {
        answer.done(new RangeRows(found, resume));
        return;
      }
      long end = engine.lastToken(shards.owner(from.token()).index());
      if (end >= lastToken) {
        answer.done(new RangeRows(found, null));
      } else if (rowsLeft <= 0 || found.size() >= limits.liveRows()) {
        answer.done(new RangeRows(found, RangePosition.startOf(end + 1)));
      } else {
        goOn(RangePosition.startOf(end + 1));
      }
    }
  }
}
