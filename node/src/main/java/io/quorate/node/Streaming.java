package io.quorate.node;

import io.quorate.coordinator.RangeFetch;
import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.KeyspaceMetadata;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.coordinator.metadata.Receivers.Fetch;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.coordinator.metadata.Transition;
import io.quorate.environment.Shard;
import io.quorate.sstable.RangePosition;
import io.quorate.sstable.StorageTask;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fetches all rows that this node will own, from those who have them. The work is cut into pieces,
 * one range of one table from one source; a few are under way at a time. A piece that fails is
 * taken up again where it was, after a pause; which pieces are done survives a restart ({@link
 * StreamingLog}). When all are done the tables are flushed, for some of them may have no log.
 *
 * <p>Owned by the metadata ring's shard.
 */
final class Streaming {
  private static final Logger log = LoggerFactory.getLogger(Streaming.class);

  /** Pieces that are fetched at a time; what may come a second is shared among them. */
  static final int AT_ONCE = 2;

  private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** One range of one table from one source. */
  record Piece(NodeInfo source, UUID table, long firstToken, long lastToken) {
    /** Says which piece it is, also after a restart. */
    String name() {
      return source.hostId() + " " + table + " " + firstToken + " " + lastToken;
    }
  }

  /** How far it is. */
  record Progress(int donePieces, int pieces, long bytes, @Nullable String trouble) {
    /** Of two together. */
    Progress and(Progress other) {
      return new Progress(
          donePieces + other.donePieces,
          pieces + other.pieces,
          bytes + other.bytes,
          trouble == null ? other.trouble : trouble);
    }
  }

  /** Makes the fetch of one piece. */
  interface Fetches {
    RangeFetch fetch(Piece piece, RangeFetch.Listener listener);
  }

  private final Shard shard;
  private final Predicate<UUID> tables;
  private final Fetches fetches;
  private final StreamingLog doneLog;
  private final Consumer<Runnable> flush;
  private final Runnable finished;
  private final StorageTask task;
  private final List<Piece> waiting = new ArrayList<>();
  private final List<RangeFetch> running = new ArrayList<>();
  private final int pieces;
  private int donePieces;
  private boolean stopped;
  private volatile Progress progress;

  /**
   * @param tables whether a table is still there: what is dropped needs not be fetched
   * @param flush makes what was fetched durable, then runs what it is given, on the shard
   * @param finished called once, on the shard
   * @param task is told how it goes
   */
  Streaming(
      Shard shard,
      List<Piece> all,
      Predicate<UUID> tables,
      Fetches fetches,
      StreamingLog doneLog,
      Consumer<Runnable> flush,
      Runnable finished,
      StorageTask task) {
    this.shard = shard;
    this.tables = tables;
    this.fetches = fetches;
    this.doneLog = doneLog;
    this.flush = flush;
    this.finished = finished;
    this.task = task;
    Set<String> done = doneLog.done();
    for (Piece piece : all) {
      if (!done.contains(piece.name())) {
        waiting.add(piece);
      }
    }
    this.pieces = all.size();
    this.donePieces = pieces - waiting.size();
    this.progress = new Progress(donePieces, pieces, 0, null);
  }

  /** What a node has to fetch for a transition under way. */
  static List<Piece> pieces(ClusterMetadata metadata, Transition transition, UUID receiver) {
    List<Piece> pieces = new ArrayList<>();
    for (Fetch fetch : metadata.fetches(transition)) {
      KeyspaceMetadata keyspace = metadata.keyspace(fetch.keyspace());
      if (keyspace == null || !fetch.receiver().equals(receiver)) {
        continue;
      }
      for (TableMetadata table : keyspace.tables().values()) {
        for (NodeInfo source : fetch.sources()) {
          pieces.add(new Piece(source, table.id(), fetch.firstToken(), fetch.lastToken()));
        }
      }
    }
    return pieces;
  }

  void start() {
    task.begin(0);
    if (waiting.isEmpty()) {
      end();
      return;
    }
    for (int i = 0; i < AT_ONCE; i++) {
      startNext();
    }
  }

  /** Safe for concurrent use. */
  Progress progress() {
    return progress;
  }

  /** What it is known by to those who watch. */
  StorageTask task() {
    return task;
  }

  /**
   * Gives up what is under way. What was done stays done.
   *
   * @param why one line
   */
  void stop(String why) {
    if (!stopped) {
      task.end(StorageTask.State.CANCELLED, why);
    }
    stopped = true;
    running.forEach(RangeFetch::stop);
    running.clear();
  }

  private void startNext() {
    if (!waiting.isEmpty()) {
      Piece piece = waiting.removeFirst();
      fetch(piece, RangePosition.startOf(piece.firstToken()));
    }
  }

  private void fetch(Piece piece, RangePosition from) {
    if (stopped) {
      return;
    }
    Fetching fetching = new Fetching(piece, from);
    if (!tables.test(piece.table())) {
      fetching.done();
      return;
    }
    fetching.fetch = fetches.fetch(piece, fetching);
    running.add(fetching.fetch);
    fetching.fetch.start(from);
  }

  private final class Fetching implements RangeFetch.Listener {
    private final Piece piece;
    private RangePosition reached;
    private @Nullable RangeFetch fetch;

    Fetching(Piece piece, RangePosition from) {
      this.piece = piece;
      this.reached = from;
    }

    @Override
    public void reached(RangePosition position, long bytes) {
      reached = position;
      task.advance(bytes);
      progress = new Progress(donePieces, pieces, progress.bytes() + bytes, null);
    }

    @Override
    public void done() {
      running.remove(fetch);
      donePieces++;
      doneLog.add(piece.name());
      progress = new Progress(donePieces, pieces, progress.bytes(), null);
      if (donePieces == pieces) {
        end();
      } else {
        startNext();
      }
    }

    @Override
    public void failed(String why) {
      running.remove(fetch);
      log.warn("fetching rows of table {} goes on in a moment: {}", piece.table(), why);
      progress = new Progress(donePieces, pieces, progress.bytes(), why);
      shard.schedule(PAUSE_NANOS, () -> fetch(piece, reached));
    }
  }

  private void end() {
    log.info("all {} pieces are here, {} bytes", pieces, progress.bytes());
    flush.accept(() -> {
      if (!stopped) {
        stopped = true;
        task.end(StorageTask.State.DONE, pieces + " pieces");
        finished.run();
      }
    });
  }
}
