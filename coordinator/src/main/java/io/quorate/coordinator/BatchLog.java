package io.quorate.coordinator;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.quorate.coordinator.Coordinator.Answer;
import io.quorate.coordinator.Coordinator.PartitionRows;
import io.quorate.coordinator.Coordinator.RangeRows;
import io.quorate.environment.Environment;
import io.quorate.environment.Shard;
import io.quorate.protocol.Murmur3;
import io.quorate.sstable.FragmentReader;
import io.quorate.sstable.FragmentWriter;
import io.quorate.sstable.Mutation;
import io.quorate.sstable.RangePosition;
import io.quorate.sstable.ReadLimits;
import io.quorate.sstable.RowReader;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The log of logged batches: a batch is on this node's disk before any part of it is sent, and is
 * taken out when all parts have reached their level. What is found in it later, after a crash or a
 * timeout, is sent again: parts are idempotent, since they carry their timestamps.
 *
 * <p>The log stands on the coordinator's disk alone: a batch is finished when this node comes back,
 * and stays partial when this node's disk is lost in the middle of it.
 *
 * <pre>
 *   partition key := batch id 16 bytes, in the internal table {@link #TABLE}
 *   cell 0        := mutation count u32 | (length u32 | mutation)*
 *   cell 1        := epoch i64 under which the batch was planned: what a TRUNCATE has removed since
 *                    does not come back (an entry of an earlier build has none)
 * </pre>
 */
public final class BatchLog {
  private static final Logger log = LoggerFactory.getLogger(BatchLog.class);

  /** The internal table that holds the log. */
  public static final UUID TABLE = new UUID(0x51_55_4F_52_41_54_40_00L, 1);

  private static final byte[] ROW_KEY = {0x40};
  private static final long REPLAY_EVERY_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final long FINISH_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
  private static final int REPLAY_AT_ONCE = 128;

  private final Environment environment;
  private final LocalReplica local;
  private final long replayAfterMicros;

  /**
   * @param replayAfterNanos how old an entry must be before it is taken for left behind; longer
   *     than any batch takes
   */
  public BatchLog(Environment environment, LocalReplica local, long replayAfterNanos) {
    this.environment = environment;
    this.local = local;
    this.replayAfterMicros = replayAfterNanos / 1_000;
  }

  /**
   * Logs a batch, has it sent, and takes it out when that succeeded.
   *
   * @param epoch under which it is planned
   */
  void write(
      List<byte[]> mutations,
      long epoch,
      Answer<@Nullable Void> answer,
      Consumer<Answer<@Nullable Void>> send) {
    UUID id = environment.random().nextUuid();
    byte[] key = key(id);
    long micros = environment.clock().wallMicros();
    byte[] entry =
        new FragmentWriter()
            .begin(TABLE, Murmur3.token(key), key)
            .beginRow(ROW_KEY)
            .rowLiveness(micros)
            .cell(0, null, micros, encode(mutations))
            .cell(1, null, micros, ByteBuffer.allocate(8).putLong(epoch).array())
            .endRow()
            .finish();
    local.apply(
        Mutation.of(entry),
        new LocalAnswer<@Nullable Void>() {
          @Override
          public void done(@Nullable Void nothing) {
            send.accept(new Sent(key, micros, answer));
          }

          @Override
          public void refused(String why) {
            answer.failed(new RequestFailure.Overloaded("the batch could not be logged: " + why));
          }
        });
  }

  private final class Sent implements Answer<@Nullable Void> {
    private final byte[] key;
    private final long micros;
    private final Answer<@Nullable Void> answer;

    Sent(byte[] key, long micros, Answer<@Nullable Void> answer) {
      this.key = key;
      this.micros = micros;
      this.answer = answer;
    }

    @Override
    public void succeeded(@Nullable Void nothing) {
      remove(key, micros);
      answer.succeeded(null);
    }

    @Override
    public void failed(RequestFailure failure) {
      // A replica died after the batch was let in. Other parts may have been sent, so the entry
      // stays and the batch will be finished: the client must not hear that nothing was tried.
      answer.failed(
          failure instanceof RequestFailure.Unavailable late
              ? new RequestFailure.WriteTimeout(
                  late.level(), 0, late.required(), RequestFailure.WriteKind.BATCH)
              : failure);
    }
  }

  private void remove(byte[] key, long micros) {
    byte[] deletion =
        new FragmentWriter()
            .begin(TABLE, Murmur3.token(key), key)
            .partitionDeletion(micros, environment.clock().wallSeconds())
            .finish();
    local.apply(
        Mutation.of(deletion),
        new LocalAnswer<@Nullable Void>() {
          @Override
          public void done(@Nullable Void nothing) {}

          @Override
          public void refused(String why) {
            log.warn("a finished batch stays in the batch log and will be sent again: {}", why);
          }
        });
  }

  /**
   * Looks for batches left behind, now and from time to time.
   *
   * @param write sends one mutation to its replicas; those that are down get hints
   */
  public void startReplay(Shard shard, MutationWriter write) {
    replay(shard, write);
  }

  /** Sends a mutation of a replayed batch. */
  public interface MutationWriter {
    /**
     * @param epoch under which it was planned at first; 0 when that is not known
     */
    void write(byte[] mutation, long epoch, Answer<@Nullable Void> answer);
  }

  private void replay(Shard shard, MutationWriter write) {
    shard.schedule(REPLAY_EVERY_NANOS, () -> replay(shard, write));
    read(batches -> {
      if (batches != null) {
        batches.forEach(batch -> replayBatch(batch, write, replayAfterMicros));
      }
    });
  }

  /**
   * Sends all batches again that are in the log, however young, because this node goes for good:
   * what has been sent already is there twice, which changes nothing.
   *
   * @param deadlineNanos when to give up what is left, on the monotonic clock
   * @param done called on the shard when the log is empty, or at the deadline
   */
  public void finish(Shard shard, MutationWriter write, long deadlineNanos, Runnable done) {
    read(batches ->
        shard.execute(() -> {
          boolean isEmpty = batches != null && batches.isEmpty();
          if (isEmpty || environment.clock().nanos() >= deadlineNanos) {
            done.run();
            return;
          }
          if (batches != null) {
            batches.forEach(batch -> replayBatch(batch, write, Long.MIN_VALUE));
          }
          shard.schedule(FINISH_PAUSE_NANOS, () -> finish(shard, write, deadlineNanos, done));
        }));
  }

  /** A batch in the log. */
  private record Logged(byte[] key, long micros, long epoch, byte[] mutations) {}

  /** Hands over some batches, or null when they cannot be read. */
  private void read(Consumer<@Nullable List<Logged>> then) {
    local.readRange(
        TABLE,
        RangePosition.startOf(Long.MIN_VALUE),
        Long.MAX_VALUE,
        ReadLimits.all(environment.clock().wallSeconds()),
        REPLAY_AT_ONCE,
        new LocalAnswer<RangeRows>() {
          @Override
          public void done(RangeRows rows) {
            List<Logged> batches = new ArrayList<>();
            for (PartitionRows partition : rows.partitions()) {
              Logged batch = logged(partition);
              if (batch != null) {
                batches.add(batch);
              }
            }
            then.accept(batches);
          }

          @Override
          public void refused(String why) {
            log.warn("the batch log cannot be read: {}", why);
            then.accept(null);
          }
        });
  }

  /** What a partition holds; null when the batch was taken out and its deletion is still there. */
  private static @Nullable Logged logged(PartitionRows partition) {
    FragmentReader entries = new FragmentReader().reset(partition.fragment());
    RowReader row = new RowReader();
    while (true) {
      FragmentReader.Entry entry = entries.next();
      if (entry == FragmentReader.Entry.END) {
        return null;
      }
      if (entry == FragmentReader.Entry.ROW && entries.row(row).nextCell() && !row.isTombstone()) {
        long micros = row.timestampMicros();
        byte[] mutations =
            Arrays.copyOfRange(
                row.bytes(), row.valueOffset(), row.valueOffset() + row.valueLength());
        return new Logged(partition.key(), micros, row.nextCell() ? epoch(row) : 0, mutations);
      }
    }
  }

  /**
   * @param afterMicros how old a batch must be to be sent again
   */
  private void replayBatch(Logged batch, MutationWriter write, long afterMicros) {
    if (environment.clock().wallMicros() - batch.micros() < afterMicros) {
      return;
    }
    List<byte[]> mutations = decode(batch.mutations());
    log.info("a batch of {} mutations was left behind and is sent again", mutations.size());
    RemoveWhenAllWritten all =
        new RemoveWhenAllWritten(batch.key(), batch.micros(), mutations.size());
    mutations.forEach(mutation -> write.write(mutation, batch.epoch(), all));
  }

  private static long epoch(RowReader row) {
    return ByteBuffer.wrap(row.bytes(), row.valueOffset(), row.valueLength()).getLong();
  }

  private final class RemoveWhenAllWritten implements Answer<@Nullable Void> {
    private final byte[] key;
    private final long micros;
    private int open;

    RemoveWhenAllWritten(byte[] key, long micros, int open) {
      this.key = key;
      this.micros = micros;
      this.open = open;
    }

    @Override
    public void succeeded(@Nullable Void nothing) {
      if (--open == 0) {
        remove(key, micros);
      }
    }

    @Override
    public void failed(RequestFailure failure) {
      // The next round tries again.
    }
  }

  private static byte[] key(UUID id) {
    return ByteBuffer.allocate(16)
        .putLong(id.getMostSignificantBits())
        .putLong(id.getLeastSignificantBits())
        .array();
  }

  private static byte[] encode(List<byte[]> mutations) {
    int size = 4;
    for (byte[] mutation : mutations) {
      size += 4 + mutation.length;
    }
    ByteBuffer out = ByteBuffer.allocate(size).putInt(mutations.size());
    mutations.forEach(mutation -> out.putInt(mutation.length).put(mutation));
    return out.array();
  }

  private static List<byte[]> decode(byte[] value) {
    ByteBuf in = Unpooled.wrappedBuffer(value);
    byte[][] mutations = new byte[in.readInt()][];
    for (int i = 0; i < mutations.length; i++) {
      mutations[i] = new byte[in.readInt()];
      in.readBytes(mutations[i]);
    }
    return List.of(mutations);
  }
}
