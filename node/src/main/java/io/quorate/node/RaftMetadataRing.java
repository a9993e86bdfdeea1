package io.quorate.node;

import io.quorate.coordinator.Coordinator.Answer;
import io.quorate.coordinator.MetadataRing;
import io.quorate.coordinator.RequestFailure;
import io.quorate.coordinator.metadata.ChangeOutcome;
import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.MetadataChange;
import io.quorate.coordinator.metadata.MetadataCodec;
import io.quorate.environment.Environment;
import io.quorate.environment.Invariant;
import io.quorate.environment.Shard;
import io.quorate.environment.Timer;
import io.quorate.raft.ProposalOutcome;
import io.quorate.raft.RaftNode;
import io.quorate.raft.ReadOutcome;
import io.quorate.raft.Refusal;
import io.quorate.raft.StateHash;
import io.quorate.raft.StateMachine;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The metadata state machine, driven by Raft: applies changes in the log's order, and publishes the
 * {@link ClusterMetadata} by one volatile store once this node is prepared for it, that is, has its
 * tables. Reading is a load; waiting for an epoch and changing go through the metadata ring's
 * shard.
 *
 * <p>What a proposer hears of its change ({@code result}):
 *
 * <pre>
 *   result := 1 (applied) epoch i64 | 2 (unchanged) | 3 (already exists) text text text
 *           | 4 (invalid) text | 5 (conflict);   text := length u16 | UTF-8
 * </pre>
 */
final class RaftMetadataRing implements MetadataRing, StateMachine {
  private final Environment environment;
  private final Shard shard;
  private final List<Consumer<ClusterMetadata>> listeners = new CopyOnWriteArrayList<>();
  private final List<Waiter> waiters = new ArrayList<>();
  private final Preparation preparation;

  /** What the log says so far; ahead of what is published while this node prepares. */
  private ClusterMetadata ordered = ClusterMetadata.EMPTY;

  /** Of {@code ordered}, once someone asked. */
  private @Nullable StateHash orderedHash;

  private boolean preparing;

  /** The last command in {@code ordered}, and the last one of what is published. */
  private long orderedIndex;

  private long publishedIndex;
  private volatile ClusterMetadata metadata = ClusterMetadata.EMPTY;
  private @Nullable RaftNode raft;

  /** Makes this node able to serve requests under new metadata. */
  interface Preparation {
    /**
     * @param ready to be called once, on any thread
     */
    void prepare(ClusterMetadata next, Runnable ready);
  }

  /**
   * @param shard the metadata ring's; {@code apply} and the rest of the state machine are called on
   *     it
   */
  RaftMetadataRing(Environment environment, Shard shard, Preparation preparation) {
    this.environment = environment;
    this.shard = shard;
    this.preparation = preparation;
  }

  /** Says who orders the changes. Before the raft node starts. */
  void orderedBy(RaftNode node) {
    raft = node;
  }

  private RaftNode raft() {
    RaftNode node = raft;
    Invariant.check(node != null, "the metadata ring is used before it was wired");
    return java.util.Objects.requireNonNull(node);
  }

  @Override
  public ClusterMetadata metadata() {
    return metadata;
  }

  @Override
  public void onMetadata(Consumer<ClusterMetadata> onNewer) {
    listeners.add(onNewer);
  }

  @Override
  public void change(MetadataChange change, long deadlineNanos, Answer<ChangeOutcome> answer) {
    Shard caller = environment.shards().currentOrFirst();
    byte[] command = MetadataCodec.encode(change);
    shard.execute(() ->
        raft()
            .propose(
                command, deadlineNanos, outcome -> caller.execute(() -> answer(outcome, answer))));
  }

  private void answer(ProposalOutcome outcome, Answer<ChangeOutcome> answer) {
    switch (outcome) {
      // Ordered is not enough: what the client asks next must find it here.
      case ProposalOutcome.Committed committed ->
          whenApplied(
              epochOf(committed.result()),
              Long.MAX_VALUE,
              () -> answer.succeeded(decode(committed.result(), metadata)));
      case ProposalOutcome.Rejected rejected ->
          answer.failed(new RequestFailure.MetadataUnavailable(refusal(rejected.reason())));
      case ProposalOutcome.Unknown unknown ->
          answer.failed(
              new RequestFailure.MetadataUnknown(
                  "the outcome of the change is unknown: " + unknown.reason().explanation()));
    }
  }

  private static String refusal(Refusal reason) {
    return "nothing was changed: " + reason.explanation();
  }

  /** Completes once everything that was committed before this call is published here. */
  @Override
  public void catchUp(long deadlineNanos, Consumer<@Nullable String> done) {
    shard.execute(() ->
        raft()
            .readIndex(
                deadlineNanos,
                outcome -> {
                  switch (outcome) {
                    case ReadOutcome.Confirmed confirmed -> whenSettled(() -> done.accept(null));
                    case ReadOutcome.Refused refused -> done.accept(refused.reason().explanation());
                  }
                }));
  }

  @Override
  public void whenApplied(long epoch, long deadlineNanos, Runnable then) {
    if (metadata.epoch() >= epoch) {
      then.run();
      return;
    }
    Shard caller = environment.shards().currentOrFirst();
    shard.execute(() -> {
      if (metadata.epoch() >= epoch) {
        caller.execute(then);
        return;
      }
      Waiter waiter = new Waiter(epoch, caller, then);
      waiters.add(waiter);
      long patience = Math.max(0, deadlineNanos - environment.clock().nanos());
      waiter.timeout = shard.schedule(patience, () -> waiters.remove(waiter));
    });
  }

  private static final class Waiter {
    final long epoch;
    final Shard caller;
    final Runnable then;
    @Nullable Timer timeout;

    Waiter(long epoch, Shard caller, Runnable then) {
      this.epoch = epoch;
      this.caller = caller;
      this.then = then;
    }
  }

  @Override
  public byte[] apply(long index, byte[] command) {
    ChangeOutcome outcome = ordered.apply(MetadataCodec.decodeChange(command));
    orderedIndex = index;
    if (outcome instanceof ChangeOutcome.Applied applied) {
      adopt(applied.metadata());
    }
    return encode(outcome);
  }

  /** A change is settled when this node has its tables. */
  @Override
  public long settledIndex() {
    return preparing ? publishedIndex : orderedIndex;
  }

  @Override
  public StateHash stateHash() {
    StateHash hash = orderedHash;
    if (hash == null) {
      byte[] state = MetadataCodec.encode(ordered);
      hash = StateHash.of(state[0], state);
      orderedHash = hash;
    }
    return hash;
  }

  @Override
  public byte[] snapshot() {
    return MetadataCodec.encode(ordered);
  }

  @Override
  public void restore(long index, byte[] snapshot) {
    orderedIndex = index;
    if (snapshot.length > 0) {
      adopt(MetadataCodec.decode(snapshot));
    }
  }

  private void adopt(ClusterMetadata newer) {
    Invariant.check(
        newer.epoch() >= ordered.epoch(), "the epoch goes back", ordered.epoch(), newer.epoch());
    ordered = newer;
    orderedHash = null;
    if (!preparing) {
      prepare();
    }
  }

  /** What comes while this node prepares is prepared for afterwards, all at once. */
  private void prepare() {
    preparing = true;
    ClusterMetadata next = ordered;
    long nextIndex = orderedIndex;
    preparation.prepare(
        next,
        () ->
            shard.execute(() -> {
              publish(next);
              publishedIndex = nextIndex;
              preparing = false;
              if (ordered.epoch() > next.epoch()) {
                prepare();
              }
            }));
  }

  /** What the log says until now, published or not. Owned by the shard. */
  ClusterMetadata ordered() {
    return ordered;
  }

  @Override
  public void whenRemembered(Runnable then) {
    Shard caller = environment.shards().currentOrFirst();
    shard.execute(() -> raft().whenRemembered(() -> caller.execute(then)));
  }

  /** Completes once all that the log said until now is published. */
  void whenSettled(Runnable then) {
    whenApplied(ordered.epoch(), Long.MAX_VALUE, then);
  }

  private void publish(ClusterMetadata newer) {
    metadata = newer;
    listeners.forEach(listener -> listener.accept(newer));
    List<Waiter> reached =
        waiters.stream().filter(waiter -> waiter.epoch <= newer.epoch()).toList();
    waiters.removeAll(reached);
    for (Waiter waiter : reached) {
      if (waiter.timeout != null) {
        waiter.timeout.cancel();
      }
      waiter.caller.execute(waiter.then);
    }
  }

  private static byte[] encode(ChangeOutcome outcome) {
    return switch (outcome) {
      case ChangeOutcome.Applied applied ->
          ByteBuffer.allocate(9).put((byte) 1).putLong(applied.metadata().epoch()).array();
      case ChangeOutcome.Unchanged unchanged -> new byte[] {2};
      case ChangeOutcome.AlreadyExists exists ->
          texts(3, exists.keyspace(), exists.table(), exists.message());
      case ChangeOutcome.Invalid invalid -> texts(4, invalid.message());
      case ChangeOutcome.Conflict conflict -> new byte[] {5};
    };
  }

  private static byte[] texts(int kind, String... texts) {
    List<byte[]> encoded = new ArrayList<>();
    int size = 1;
    for (String text : texts) {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      encoded.add(bytes);
      size += 2 + bytes.length;
    }
    ByteBuffer out = ByteBuffer.allocate(size).put((byte) kind);
    encoded.forEach(bytes -> out.putShort((short) bytes.length).put(bytes));
    return out.array();
  }

  private static long epochOf(byte[] result) {
    return result[0] == 1 ? ByteBuffer.wrap(result, 1, Long.BYTES).getLong() : 0;
  }

  private static ChangeOutcome decode(byte[] result, ClusterMetadata now) {
    ByteBuffer in = ByteBuffer.wrap(result);
    int kind = in.get();
    return switch (kind) {
      case 1 -> new ChangeOutcome.Applied(now);
      case 2 -> new ChangeOutcome.Unchanged();
      case 3 -> new ChangeOutcome.AlreadyExists(text(in), text(in), text(in));
      case 4 -> new ChangeOutcome.Invalid(text(in));
      case 5 -> new ChangeOutcome.Conflict();
      default -> throw new IllegalStateException("result of unknown kind " + kind);
    };
  }

  private static String text(ByteBuffer in) {
    byte[] bytes = new byte[in.getShort() & 0xFFFF];
    in.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
