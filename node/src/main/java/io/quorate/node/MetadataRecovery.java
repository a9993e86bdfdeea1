package io.quorate.node;

import io.netty.buffer.ByteBufUtil;
import io.quorate.coordinator.Internode;
import io.quorate.coordinator.Verb;
import io.quorate.coordinator.metadata.Feature;
import io.quorate.environment.Endpoint;
import io.quorate.environment.Environment;
import io.quorate.environment.Shard;
import io.quorate.environment.Timer;
import io.quorate.raft.PeerId;
import io.quorate.raft.RaftNode;
import io.quorate.raft.RaftStatus;
import io.quorate.raft.Ring;
import io.quorate.raft.RingEvidence;
import io.quorate.raft.RingJudgement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is to be done when the majority of the metadata ring is lost. Collects from all nodes that
 * can be reached what they know of the ring, has it judged ({@link RingJudgement}), and, when an
 * operator wants it, has the next ring begun by the member that has most; the others that answered
 * follow. Whoever was not there is told when it comes back.
 *
 * <p>Any node can be asked. Owned by the metadata ring's shard; the public methods may be called
 * from any shard, and answer there.
 */
final class MetadataRecovery {
  private static final Logger log = LoggerFactory.getLogger(MetadataRecovery.class);
  private static final long ASK_NANOS = TimeUnit.SECONDS.toNanos(3);
  private static final long BEGIN_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final Environment environment;
  private final Shard shard;
  private final RaftMetadataRing ring;
  private final RaftNode raft;
  private final Internode internode;
  private final List<Endpoint> seeds;
  private final Predicate<UUID> alive;
  private final PeerId self;

  /** What is waited for, by question; each is asked of several nodes. */
  private final Map<Long, Poll> polls = new TreeMap<>();

  /** One question to several nodes. */
  private final class Poll {
    final long question = environment.random().nextLong();
    final Set<PeerId> open;
    final Map<PeerId, RecoveryMessage.Body> answers = new TreeMap<>();
    final Consumer<Poll> done;
    private @Nullable Timer timer;

    Poll(Set<PeerId> asked, Consumer<Poll> done) {
      this.open = new TreeSet<>(asked);
      this.done = done;
    }

    void start(RecoveryMessage.Body body, long patienceNanos) {
      polls.put(question, this);
      timer = shard.schedule(patienceNanos, this::end);
      byte[] message = new RecoveryMessage(question, body).encode();
      List.copyOf(open)
          .forEach(peer -> {
            if (peer.equals(self)) {
              handle(self, new RecoveryMessage(question, body));
            } else {
              internode.sendOneWay(endpoint(peer), Verb.RECOVERY, message);
            }
          });
    }

    void answered(PeerId from, RecoveryMessage.Body answer) {
      if (open.remove(from)) {
        answers.put(from, answer);
        if (open.isEmpty()) {
          end();
        }
      }
    }

    private void end() {
      if (polls.remove(question) != null) {
        Objects.requireNonNull(timer).cancel();
        done.accept(this);
      }
    }
  }

  /**
   * What was found.
   *
   * @param answers by member
   * @param silent the nodes that did not answer
   */
  record Findings(RingJudgement judgement, Map<PeerId, RingEvidence> answers, Set<PeerId> silent) {}

  /**
   * What became of it.
   *
   * @param refusal why nothing was done; null when the ring was begun
   * @param followers the members that follow into it; those that do not are told why they may not
   *     when they come
   */
  record Outcome(Findings findings, @Nullable String refusal, List<PeerId> followers) {}

  MetadataRecovery(
      Environment environment,
      Shard shard,
      RaftMetadataRing ring,
      RaftNode raft,
      Internode internode,
      NodeConfig config,
      Predicate<UUID> alive) {
    this.environment = environment;
    this.shard = shard;
    this.ring = ring;
    this.raft = raft;
    this.internode = internode;
    this.seeds = config.seeds();
    this.alive = alive;
    this.self = new PeerId(config.internode().toString());
  }

  /** Takes the messages of the others. Before the messaging starts. */
  void handleMessages() {
    internode.onOneWay(
        Verb.RECOVERY,
        (from, payload) -> {
          byte[] bytes = ByteBufUtil.getBytes(payload);
          shard.execute(() -> received(new PeerId(from.toString()), bytes));
        });
  }

  private static Endpoint endpoint(PeerId peer) {
    return Endpoint.parse(peer.name(), 0);
  }

  private void received(PeerId from, byte[] bytes) {
    RecoveryMessage message;
    try {
      message = RecoveryMessage.decode(bytes);
    } catch (IllegalArgumentException e) {
      log.warn("a message of {} about the metadata ring is dropped: {}", from, e.getMessage());
      return;
    }
    handle(from, message);
  }

  private void handle(PeerId from, RecoveryMessage message) {
    switch (message.body()) {
      case RecoveryMessage.Ask ask ->
          raft.evidence(evidence ->
              answer(from, message.question(), new RecoveryMessage.Answer(evidence, living())));
      case RecoveryMessage.Begin begin ->
          raft.beginRing(
              begin.ring(),
              refusal -> answer(from, message.question(), new RecoveryMessage.Begun(refusal)));
      case RecoveryMessage.Answer answer -> answered(from, message);
      case RecoveryMessage.Begun begun -> answered(from, message);
    }
  }

  private void answer(PeerId to, long question, RecoveryMessage.Body body) {
    RecoveryMessage message = new RecoveryMessage(question, body);
    if (to.equals(self)) {
      answered(self, message);
    } else {
      internode.sendOneWay(endpoint(to), Verb.RECOVERY, message.encode());
    }
  }

  private void answered(PeerId from, RecoveryMessage message) {
    Poll poll = polls.get(message.question());
    if (poll != null) {
      poll.answered(from, message.body());
    }
  }

  private List<PeerId> living() {
    return ring.metadata().members().stream()
        .filter(node -> alive.test(node.hostId()))
        .map(VoterChoice::peer)
        .toList();
  }

  /**
   * Asks some members what they know. On the shard.
   *
   * @param then gets the answers that came in time
   */
  void ask(Set<PeerId> peers, long patienceNanos, Consumer<Map<PeerId, RingEvidence>> then) {
    if (peers.isEmpty()) {
      then.accept(Map.of());
      return;
    }
    new Poll(peers, poll -> then.accept(evidence(poll)))
        .start(new RecoveryMessage.Ask(), patienceNanos);
  }

  private static Map<PeerId, RingEvidence> evidence(Poll poll) {
    Map<PeerId, RingEvidence> answers = new TreeMap<>();
    poll.answers.forEach((peer, body) -> {
      if (body instanceof RecoveryMessage.Answer answer) {
        answers.put(peer, answer.evidence());
      }
    });
    return answers;
  }

  /** Asks all nodes that this one knows of. */
  void judge(Consumer<Findings> callback) {
    Shard caller = environment.shards().currentOrFirst();
    shard.execute(() -> ask(findings -> caller.execute(() -> callback.accept(findings))));
  }

  private void ask(Consumer<Findings> then) {
    Set<PeerId> all = new TreeSet<>();
    all.add(self);
    ring.metadata().members().forEach(node -> all.add(VoterChoice.peer(node)));
    RaftStatus status = raft.status();
    all.addAll(status.voters());
    all.addAll(status.outgoingVoters());
    seeds.forEach(seed -> all.add(new PeerId(seed.toString())));
    new Poll(all, poll -> then.accept(findings(poll))).start(new RecoveryMessage.Ask(), ASK_NANOS);
  }

  private static Findings findings(Poll poll) {
    Map<PeerId, RingEvidence> answers = evidence(poll);
    Set<PeerId> living = new TreeSet<>();
    for (RecoveryMessage.Body body : poll.answers.values()) {
      if (body instanceof RecoveryMessage.Answer answer) {
        living.addAll(answer.alive());
      }
    }
    return new Findings(
        RingJudgement.of(List.copyOf(answers.values()), living), answers, Set.copyOf(poll.open));
  }

  /** Has the next ring begun, when the majority of this one is lost. */
  void recover(Consumer<Outcome> callback) {
    Shard caller = environment.shards().currentOrFirst();
    shard.execute(() -> begin(outcome -> caller.execute(() -> callback.accept(outcome))));
  }

  private void begin(Consumer<Outcome> callback) {
    ask(findings -> {
      if (!ring.metadata().features().contains(Feature.METADATA_RINGS)) {
        String old = "some node's build is too old: it would not tell the two rings apart";
        callback.accept(new Outcome(findings, old, List.of()));
        return;
      }
      RingJudgement judgement = findings.judgement();
      PeerId founder = judgement.founder();
      if (judgement.refusal() != null || founder == null) {
        callback.accept(new Outcome(findings, judgement.refusal(), List.of()));
        return;
      }
      Ring next = judgement.next(environment.random().nextLong());
      log.warn(
          "the metadata ring is given up: {} begins at {}, without {}",
          next,
          founder,
          judgement.lost());
      new Poll(Set.of(founder), poll -> founded(findings, next, poll, callback))
          .start(new RecoveryMessage.Begin(next), BEGIN_NANOS);
    });
  }

  private void founded(Findings findings, Ring next, Poll poll, Consumer<Outcome> callback) {
    PeerId founder = next.voters().getFirst();
    String refusal =
        poll.answers.get(founder) instanceof RecoveryMessage.Begun begun
            ? begun.refusal()
            : "it does not answer: whether it has begun is shown by 'metadata status'";
    if (refusal != null) {
      callback.accept(new Outcome(findings, founder + " cannot begin: " + refusal, List.of()));
      return;
    }
    Set<PeerId> others = new TreeSet<>(findings.answers().keySet());
    others.remove(founder);
    Consumer<Poll> followed =
        answers -> {
          List<PeerId> followers = new ArrayList<>();
          answers.answers.forEach((peer, body) -> {
            if (body instanceof RecoveryMessage.Begun begun && begun.refusal() == null) {
              followers.add(peer);
            }
          });
          callback.accept(new Outcome(findings, null, followers));
        };
    if (others.isEmpty()) {
      callback.accept(new Outcome(findings, null, List.of()));
    } else {
      new Poll(others, followed).start(new RecoveryMessage.Begin(next), BEGIN_NANOS);
    }
  }
}
