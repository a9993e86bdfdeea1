package io.quorate.coordinator;

import io.netty.buffer.ByteBuf;
import io.quorate.coordinator.Coordinator.Answer;
import io.quorate.coordinator.Coordinator.PartitionRows;
import io.quorate.coordinator.Coordinator.RangeRows;
import io.quorate.coordinator.Internode.Status;
import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.sstable.FragmentDiff;
import io.quorate.sstable.RangePosition;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One read of partitions in token order. The range is walked in pieces that have the same replicas;
 * for each piece, as many replicas as the level needs send their rows, which are reconciled
 * partition by partition, and replicas that lack something are sent it before the answer.
 *
 * <p>Like a {@link Reconciliation}, the answers are believed only as far as the one that was cut
 * first goes. The next piece begins there.
 *
 * <p>Belongs to the shard that asked.
 */
final class RangeCoordination extends TimeoutWheel.Entry {
  /** Where there is much to read and little to be seen, the answer comes short, but in time. */
  private static final int MOST_CUT_PIECES = 4;

  private final RangeReader reader;
  private final ClusterMetadata metadata;
  private final RangeRead read;
  private final ConsistencyLevel level;
  private final long deadlineNanos;
  private final Answer<RangeRows> answer;
  private final List<PartitionRows> rows = new ArrayList<>();
  private int rowsLeft;
  private int cutPieces;
  private boolean done;

  /** What a range read needs of its node, beside what a read does. */
  interface RangeReader extends ReadCoordination.ReplicaReader {
    void readRangeLocally(RangeRead read, LocalAnswer<RangeRows> answer);
  }

  private RangeCoordination(
      RangeReader reader,
      ClusterMetadata metadata,
      RangeRead read,
      ConsistencyLevel level,
      long deadlineNanos,
      Answer<RangeRows> answer) {
    this.reader = reader;
    this.metadata = metadata;
    this.read = read;
    this.level = level;
    this.deadlineNanos = deadlineNanos;
    this.answer = answer;
    this.rowsLeft = read.rowLimit();
  }

  static void start(
      RangeReader reader,
      ClusterMetadata metadata,
      RangeRead read,
      ConsistencyLevel level,
      long deadlineNanos,
      Answer<RangeRows> answer) {
    RangeCoordination range =
        new RangeCoordination(reader, metadata, read, level, deadlineNanos, answer);
    reader.internode().timeouts().enter(range, deadlineNanos);
    range.readPiece(read.from());
  }

  /** Reads from {@code from} to the end of the tokens that have the same replicas. */
  private void readPiece(RangePosition from) {
    RequestQuorum quorum = quorum(from.token());
    RequestFailure unavailable = quorum.unavailable(reader::isAlive);
    if (unavailable != null) {
      fail(unavailable);
      return;
    }
    String keyspace = read.table().keyspace();
    Set<NodeInfo> replicas = new HashSet<>(metadata.replicas(keyspace, from.token()));
    Set<NodeInfo> others = new HashSet<>(metadata.otherReplicas(keyspace, from.token()));
    long end = metadata.lastTokenOfRange(from.token());
    while (end < read.lastToken()
        && end != Long.MAX_VALUE
        && replicas.equals(new HashSet<>(metadata.replicas(keyspace, end + 1)))
        && others.equals(new HashSet<>(metadata.otherReplicas(keyspace, end + 1)))) {
      end = metadata.lastTokenOfRange(end + 1);
    }
    long last = Math.min(end, read.lastToken());
    RangeRead piece = new RangeRead(read.table(), from, last, read.limits(), rowsLeft);
    new Piece(piece, quorum).begin();
  }

  private RequestQuorum quorum(long token) {
    return RequestQuorum.ofRead(
        metadata, read.table().keyspace(), token, level, reader.localDatacenter());
  }

  private void pieceRead(RangeRead piece, List<PartitionRows> found, @Nullable RangePosition next) {
    rows.addAll(found);
    for (PartitionRows partition : found) {
      rowsLeft -= Reconciliation.countedRows(partition.fragment(), read.limits());
    }
    RangePosition following = next;
    if (following == null) {
      following =
          piece.lastToken() == Long.MAX_VALUE ? null : RangePosition.startOf(piece.lastToken() + 1);
    }
    if (following == null || following.token() > read.lastToken()) {
      succeed(null);
    } else if (rowsLeft <= 0 || (next != null && ++cutPieces == MOST_CUT_PIECES)) {
      succeed(following);
    } else {
      readPiece(following);
    }
  }

  private void succeed(@Nullable RangePosition next) {
    if (!done) {
      done = true;
      leaveWheel();
      answer.succeeded(new RangeRows(rows, next));
    }
  }

  private void fail(RequestFailure failure) {
    if (!done) {
      done = true;
      leaveWheel();
      answer.failed(failure);
    }
  }

  @Override
  void timedOut() {
    fail(new RequestFailure.ReadTimeout(level, 0, quorum(read.from().token()).required(), false));
  }

  /** One stretch of tokens with the same replicas. */
  private final class Piece {
    private final RangeRead piece;
    private final RequestQuorum quorum;

    /** Live replicas that were not asked, in the order in which they would be. */
    private final List<NodeInfo> spare;

    /** Those that were asked and have not refused. */
    private final List<NodeInfo> asked = new ArrayList<>();

    /** Those whose {@link #answers} came, in that order. */
    private final List<NodeInfo> answered = new ArrayList<>();

    private final List<RangeRows> answers = new ArrayList<>();
    private final TimeoutWheel.Entry speculation =
        new TimeoutWheel.Entry() {
          @Override
          void timedOut() {
            areSlow = true;
            ask();
          }
        };
    private boolean areSlow;
    private int refusals;
    private boolean merged;

    Piece(RangeRead piece, RequestQuorum quorum) {
      this.piece = piece;
      this.quorum = quorum;
      this.spare = ReplicaOrder.forRead(reader, quorum);
    }

    void begin() {
      ask();
      if (!spare.isEmpty() && !done && !merged) {
        reader
            .internode()
            .timeouts()
            .enter(speculation, reader.nowNanos() + 4 * reader.speculateAfterNanos());
      }
    }

    /** Asks as many more as are needed beside those on whom one can still count. */
    private void ask() {
      List<NodeInfo> counted = new ArrayList<>(areSlow ? answered : asked);
      while (!done && !merged) {
        NodeInfo next = quorum.next(counted, spare);
        if (next == null) {
          return;
        }
        counted.add(next);
        asked.add(next);
        contact(next);
      }
    }

    private void contact(NodeInfo replica) {
      LocalAnswer<RangeRows> taker =
          new LocalAnswer<>() {
            @Override
            public void done(RangeRows value) {
              took(replica, value);
            }

            @Override
            public void refused(String why) {
              goOnWithout(replica, why);
            }
          };
      if (reader.isLocal(replica)) {
        if (reader.isStale(metadata.epoch())) {
          taker.refused(RingCoordinator.STALE);
        } else {
          reader.readRangeLocally(piece, taker);
        }
        return;
      }
      Internode internode = reader.internode();
      ByteBuf request =
          internode.request(
              Verb.READ_RANGE, 128, new RangeResponse(taker), deadlineNanos, metadata.epoch());
      ReadCodec.writeRange(request, piece);
      internode.send(replica.internode(), request);
    }

    /** A replica has refused. */
    private void goOnWithout(NodeInfo replica, String why) {
      refusals++;
      asked.remove(replica);
      ask();
      if (!done && !quorum.isReachedBy(asked)) {
        speculation.leaveWheel();
        fail(
            new RequestFailure.ReadFailure(
                level, answers.size(), quorum.required(), refusals, !answers.isEmpty(), why));
      }
    }

    private void took(NodeInfo replica, RangeRows value) {
      if (done) {
        return;
      }
      answered.add(replica);
      answers.add(value);
      mergeIfEnough();
    }

    private void mergeIfEnough() {
      if (!merged && quorum.isReachedBy(answered)) {
        merged = true;
        speculation.leaveWheel();
        merge();
      }
    }

    private void merge() {
      RangePosition next = earliestNext();
      TreeMap<Position, List<@Nullable PartitionRows>> byPosition = new TreeMap<>();
      for (int i = 0; i < answers.size(); i++) {
        for (PartitionRows partition : answers.get(i).partitions()) {
          Position position = new Position(partition.token(), partition.key());
          if (next == null || position.isNotBehind(next)) {
            List<@Nullable PartitionRows> versions =
                byPosition.computeIfAbsent(position, p -> none(answers.size()));
            versions.set(i, partition);
          }
        }
      }
      List<PartitionRows> found = new ArrayList<>();
      Repairs<NodeInfo> repairs =
          new Repairs<>((refusing, why) -> repaired(found, next, refusing, why));
      for (var entry : byPosition.entrySet()) {
        found.add(mergePartition(entry.getKey(), entry.getValue(), next, repairs));
      }
      repairs.allSent();
    }

    private void repaired(
        List<PartitionRows> found,
        @Nullable RangePosition next,
        @Nullable NodeInfo refusing,
        String why) {
      if (done) {
        return;
      }
      if (refusing == null) {
        pieceRead(piece, found, next);
      } else {
        replace(refusing, why);
      }
    }

    private static List<@Nullable PartitionRows> none(int count) {
      List<@Nullable PartitionRows> none = new ArrayList<>(count);
      for (int i = 0; i < count; i++) {
        none.add(null);
      }
      return none;
    }

    /** What is wanted of a partition; repairs are sent of what replicas lack. */
    private PartitionRows mergePartition(
        Position position,
        List<@Nullable PartitionRows> versions,
        @Nullable RangePosition next,
        Repairs<NodeInfo> repairs) {
      byte[] boundary =
          next != null && position.isAt(next.token(), next.key()) ? next.afterRow() : null;
      List<byte[]> fragments = new ArrayList<>();
      for (PartitionRows version : versions) {
        fragments.add(version == null ? EMPTY : version.fragment());
      }
      byte[] everything = Reconciliation.mergeUpTo(fragments, read.limits(), boundary);
      byte[] wanted = Reconciliation.limit(everything, read.limits());
      for (int i = 0; answers.size() > 1 && i < versions.size(); i++) {
        byte[] missing = FragmentDiff.missing(everything, fragments.get(i));
        if (missing != null) {
          PartitionRead repaired =
              new PartitionRead(read.table(), position.token, position.key, read.limits());
          reader.repair(
              answered.get(i),
              repaired,
              missing,
              metadata.epoch(),
              deadlineNanos,
              repairs.of(answered.get(i)));
        }
      }
      return new PartitionRows(position.token, position.key, wanted);
    }

    private @Nullable RangePosition earliestNext() {
      RangePosition earliest = null;
      for (RangeRows rows : answers) {
        if (rows.next() != null && (earliest == null || rows.next().compareTo(earliest) < 0)) {
          earliest = rows.next();
        }
      }
      return earliest;
    }

    /** Another replica may know as much as one that does not take its repair. */
    private void replace(NodeInfo replica, String why) {
      int position = answered.indexOf(replica);
      answered.remove(position);
      answers.remove(position);
      merged = false;
      mergeIfEnough();
      if (!merged) {
        goOnWithout(replica, why);
      }
    }
  }

  private static final byte[] EMPTY = {0};

  /** Takes the response of another node. */
  private static final class RangeResponse extends Internode.Pending {
    private final LocalAnswer<RangeRows> taker;

    RangeResponse(LocalAnswer<RangeRows> taker) {
      this.taker = taker;
    }

    @Override
    void responded(Status status, ByteBuf payload) {
      if (status == Status.OK) {
        taker.done(ReadCodec.readRows(payload));
      } else {
        taker.refused(Internode.text(payload));
      }
    }

    @Override
    void expired() {
      // The read's own deadline is the same.
    }
  }

  /** A partition's place on the ring. */
  private record Position(long token, byte[] key) implements Comparable<Position> {
    @Override
    public int compareTo(Position other) {
      return RangePosition.comparePartitions(token, key, other.token, other.key);
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Position position && compareTo(position) == 0;
    }

    @Override
    public int hashCode() {
      return Long.hashCode(token);
    }

    boolean isAt(long otherToken, byte[] otherKey) {
      return token == otherToken && Arrays.equals(key, otherKey);
    }

    /** Whether this partition, or a part of it, comes before {@code next}. */
    boolean isNotBehind(RangePosition next) {
      int order = RangePosition.comparePartitions(token, key, next.token(), next.key());
      return order < 0 || (order == 0 && next.afterRow().length > 0);
    }
  }
}
