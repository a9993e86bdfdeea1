package io.quorate.coordinator;

import io.netty.buffer.ByteBuf;
import io.quorate.coordinator.Coordinator.PartitionRows;
import io.quorate.coordinator.Coordinator.RangeRows;
import io.quorate.coordinator.Internode.Status;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.environment.Clock;
import io.quorate.environment.Shard;
import io.quorate.sstable.Mutation;
import io.quorate.sstable.RangePosition;
import io.quorate.sstable.ReadLimits;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Copies a range of one table from another node into this one: pages of rows and tombstones, as a
 * read of a range brings them, applied as writes. A page is asked for when the one before is
 * applied, so that what is under way stays small, and no faster than allowed. Applying a page twice
 * changes nothing; so it can go on anywhere before the place that was reported last.
 *
 * <p>Belongs to the shard on which it was started.
 */
public final class RangeFetch {
  private static final long PAGE_TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(10);

  /** Hears how it goes. On the shard. */
  public interface Listener {
    /**
     * Everything before a place is here.
     *
     * @param bytes that came since the last call
     */
    void reached(RangePosition position, long bytes);

    void done();

    /**
     * It does not go on by itself.
     *
     * @param why one line
     */
    void failed(String why);
  }

  private final Clock clock;
  private final Shard shard;
  private final Internode internode;
  private final LocalReplica local;
  private final NodeInfo source;
  private final UUID table;
  private final long lastToken;
  private final long bytesPerSecond;
  private final Listener listener;
  private boolean stopped;

  /** Of the page that is being applied. */
  private int open;

  private @Nullable String failure;

  /**
   * @param bytesPerSecond at most, of this fetch; 0 is without limit
   */
  public RangeFetch(
      Clock clock,
      Shard shard,
      Internode internode,
      LocalReplica local,
      NodeInfo source,
      UUID table,
      long lastToken,
      long bytesPerSecond,
      Listener listener) {
    this.clock = clock;
    this.shard = shard;
    this.internode = internode;
    this.local = local;
    this.source = source;
    this.table = table;
    this.lastToken = lastToken;
    this.bytesPerSecond = bytesPerSecond;
    this.listener = listener;
  }

  /** Begins at a place that was reported, or at the range's start. */
  public void start(RangePosition from) {
    if (stopped) {
      return;
    }
    long epoch = internode.epoch();
    ByteBuf request =
        internode.request(
            Verb.READ_RANGE, 128, new Page(epoch), clock.nanos() + PAGE_TIMEOUT_NANOS, epoch);
    ReadCodec.writeUuid(request, table);
    ReadCodec.writePosition(request, from);
    request.writeLong(lastToken);
    request.writeInt(Integer.MAX_VALUE);
    ReadCodec.writeLimits(request, ReadLimits.all(clock.wallMicros() / 1_000_000));
    internode.send(source.internode(), request);
  }

  /** Asks for nothing more and reports nothing more. */
  public void stop() {
    stopped = true;
  }

  private void fail(String why) {
    if (!stopped) {
      stopped = true;
      listener.failed(source.internode() + ": " + why);
    }
  }

  /**
   * @param epoch of this node when it asked: the source had what was done until then
   */
  private void apply(RangeRows rows, long epoch, long bytes) {
    long begunNanos = clock.nanos();
    open = rows.partitions().size() + 1;
    for (PartitionRows partition : rows.partitions()) {
      Mutation mutation =
          Mutation.of(table, partition.token(), partition.key(), partition.fragment());
      local.apply(mutation, epoch, new Applied(rows, bytes, begunNanos));
    }
    applied(rows, bytes, begunNanos);
  }

  private void applied(RangeRows rows, long bytes, long begunNanos) {
    if (--open > 0 || stopped) {
      return;
    }
    if (failure != null) {
      fail("a page could not be applied: " + failure);
      return;
    }
    RangePosition next = rows.next();
    if (next == null) {
      stopped = true;
      listener.reached(RangePosition.startOf(lastToken), bytes);
      listener.done();
      return;
    }
    listener.reached(next, bytes);
    long pause =
        bytesPerSecond == 0
            ? 0
            : begunNanos + TimeUnit.SECONDS.toNanos(1) * bytes / bytesPerSecond - clock.nanos();
    if (pause > 0) {
      shard.schedule(pause, () -> start(next));
    } else {
      start(next);
    }
  }

  private final class Applied implements LocalAnswer<@Nullable Void> {
    private final RangeRows rows;
    private final long bytes;
    private final long begunNanos;

    Applied(RangeRows rows, long bytes, long begunNanos) {
      this.rows = rows;
      this.bytes = bytes;
      this.begunNanos = begunNanos;
    }

    @Override
    public void done(@Nullable Void nothing) {
      applied(rows, bytes, begunNanos);
    }

    @Override
    public void refused(String why) {
      failure = why;
      applied(rows, bytes, begunNanos);
    }
  }

  private final class Page extends Internode.Pending {
    private final long epoch;

    Page(long epoch) {
      this.epoch = epoch;
    }

    @Override
    void responded(Status status, ByteBuf payload) {
      if (stopped) {
        return;
      }
      if (status != Status.OK) {
        fail(Internode.text(payload));
        return;
      }
      long bytes = payload.readableBytes();
      RangeRows rows;
      try {
        rows = ReadCodec.readRows(payload);
      } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
        fail("it answered with something else than rows: " + e.getMessage());
        return;
      }
      apply(rows, epoch, bytes);
    }

    @Override
    void expired() {
      fail("no answer in time");
    }
  }
}
