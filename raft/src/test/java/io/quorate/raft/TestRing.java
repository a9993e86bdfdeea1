package io.quorate.raft;

import io.quorate.environment.Randomness;
import io.quorate.raft.Ready.Envelope;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** Cores, their disks and the messages between them; every step is the caller's. */
final class TestRing {
  /** A message on its way. */
  record InFlight(PeerId from, PeerId to, Message.ToCore message) {}

  /** Ways to break the rules that a checker must notice. */
  enum Flaw {
    NONE,
    SENDS_BEFORE_PERSISTING,
    COMMITS_OLD_TERMS_BY_COUNTING,
    COUNTS_ONE_SIDE_WHILE_JOINT
  }

  /** One member; its disk outlives it. */
  final class Member {
    final PeerId id;
    final RaftConfig config;
    HardState diskState = HardState.INITIAL;
    Snapshot diskSnapshot;
    List<Entry> diskEntries = new ArrayList<>();
    @Nullable RaftCore core;
    @Nullable Ready writing;
    final List<Entry> applied = new ArrayList<>();
    final List<RaftCore.ReadState> reads = new ArrayList<>();

    Member(RaftConfig config) {
      this.id = config.self();
      this.config = config;
      this.diskSnapshot = Snapshot.initial(Configuration.of(config.initialVoters()));
    }

    boolean isUp() {
      return core != null;
    }

    RaftCore core() {
      if (core == null) {
        throw new IllegalStateException(id + " is down");
      }
      return core;
    }

    void start() {
      core =
          new RaftCore(config, random, diskState, diskSnapshot, diskEntries) {
            @Override
            boolean mayCommitByCounting(long index) {
              return flaw == Flaw.COMMITS_OLD_TERMS_BY_COUNTING || super.mayCommitByCounting(index);
            }

            @Override
            Configuration electorate() {
              return flaw == Flaw.COUNTS_ONE_SIDE_WHILE_JOINT
                  ? configuration().settled()
                  : configuration();
            }
          };
      writing = null;
      applied.clear();
      reads.clear();
    }

    /** The process is gone; a write under way did not reach the disk. */
    void crash() {
      core = null;
      writing = null;
    }

    /** Takes what the core wants done, all but the write. */
    void collect() {
      RaftCore running = core();
      running.takeMessages().forEach(this::post);
      for (Entry entry : running.takeCommitted()) {
        applied.add(entry);
        onApply.accept(id, entry);
      }
      reads.addAll(running.takeReads());
      if (writing == null) {
        writing = running.ready();
        if (writing != null && flaw == Flaw.SENDS_BEFORE_PERSISTING) {
          writing.messages().forEach(this::post);
        }
        if (writing != null && !writing.mustPersist()) {
          persist();
        }
      }
    }

    /** The write under way reaches the disk. */
    void persist() {
      Ready ready = writing;
      if (ready == null) {
        return;
      }
      if (ready.snapshot() != null) {
        diskSnapshot = ready.snapshot();
        diskEntries.clear();
        applied.clear();
      }
      if (ready.hardState() != null) {
        diskState = ready.hardState();
      }
      for (Entry entry : ready.entries()) {
        diskEntries.removeIf(old -> old.index() >= entry.index());
        diskEntries.add(entry);
      }
      writing = null;
      if (flaw != Flaw.SENDS_BEFORE_PERSISTING) {
        ready.messages().forEach(this::post);
      }
      core().advance(ready);
      collect();
    }

    /** Takes a snapshot of what is applied and compacts the log. */
    void compact() {
      RaftCore running = core();
      long index = running.appliedIndex();
      if (index <= running.snapshot().index() || running.firstIndex() > index) {
        return;
      }
      byte[] data = ("state at " + index).repeat(3).getBytes(StandardCharsets.UTF_8);
      Snapshot taken =
          new Snapshot(index, running.termAt(index), running.configurationAt(index), data);
      diskSnapshot = taken;
      diskEntries.removeIf(entry -> entry.index() <= index);
      running.compact(taken);
    }

    private void post(Envelope envelope) {
      network.add(new InFlight(id, envelope.to(), envelope.message()));
    }
  }

  final List<InFlight> network = new ArrayList<>();
  final Set<String> cuts = new LinkedHashSet<>();
  private final Map<PeerId, Member> members = new TreeMap<>();
  private final Randomness random;
  private final Flaw flaw;
  private final BiConsumer<PeerId, Entry> onApply;

  TestRing(
      int voters,
      int learners,
      SplittableRandom seeded,
      Flaw flaw,
      ConfigChange change,
      BiConsumer<PeerId, Entry> onApply) {
    this.random = seeded::nextLong;
    this.flaw = flaw;
    this.onApply = onApply;
    List<PeerId> ids = new ArrayList<>();
    for (int i = 1; i <= voters; i++) {
      ids.add(new PeerId("n" + i));
    }
    List<PeerId> all = new ArrayList<>(ids);
    for (int i = 1; i <= learners; i++) {
      all.add(new PeerId("l" + i));
    }
    for (PeerId id : all) {
      Member member = new Member(change.apply(RaftConfig.of(id, ids)));
      members.put(id, member);
      member.start();
    }
  }

  /** What a test does to the default configuration. */
  interface ConfigChange {
    RaftConfig apply(RaftConfig config);
  }

  Collection<Member> members() {
    return members.values();
  }

  Member member(PeerId id) {
    Member member = members.get(id);
    if (member == null) {
      throw new IllegalArgumentException("no member " + id);
    }
    return member;
  }

  boolean isCut(PeerId from, PeerId to) {
    return cuts.contains(from + ">" + to);
  }

  /** Hands one message over; whether it arrived. */
  boolean deliver(InFlight inFlight) {
    Member to = member(inFlight.to());
    if (!to.isUp() || isCut(inFlight.from(), inFlight.to())) {
      return false;
    }
    to.core().step(inFlight.from(), inFlight.message());
    to.collect();
    return true;
  }

  /** Writes and delivers, in order, until nothing is left to do. */
  void settle() {
    boolean busy = true;
    while (busy) {
      busy = false;
      for (Member member : members()) {
        if (member.isUp()) {
          member.collect();
          busy |= member.writing != null;
          member.persist();
        }
      }
      while (!network.isEmpty()) {
        busy = true;
        deliver(network.removeFirst());
      }
    }
  }
}
