package io.quorate.raft;

import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.quorate.environment.Endpoint;
import io.quorate.environment.Environment;
import io.quorate.environment.Messaging;
import io.quorate.environment.Shard;
import io.quorate.environment.simulated.SimulatedHost;
import io.quorate.environment.simulated.SimulatedWorld;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Whole members on simulated machines. Each one's state machine is a list of words. */
final class SimulatedRing {
  private static final int PORT = 7000;

  /** Appends words; the result of a command is how many there are then. */
  static final class Words implements StateMachine {
    final List<String> words = new ArrayList<>();
    int restores;
    private long settledIndex;

    /** Effects take for ever from now on. */
    boolean isStalled;

    /** A bug, or memory that rots: from now on it comes to another state. */
    boolean isWrong;

    @Override
    public byte[] apply(long index, byte[] command) {
      String word = new String(command, StandardCharsets.UTF_8);
      if (word.equals("bomb")) {
        throw new IllegalStateException("a bug in the state machine");
      }
      words.add(isWrong ? word + "?" : word);
      settle(index);
      return ByteBuffer.allocate(4).putInt(words.size()).array();
    }

    private void settle(long index) {
      settledIndex = isStalled ? settledIndex : index;
    }

    @Override
    public long settledIndex() {
      return settledIndex;
    }

    @Override
    public StateHash stateHash() {
      return StateHash.of(1, snapshot());
    }

    @Override
    public byte[] snapshot() {
      return String.join("\n", words).getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public void restore(long index, byte[] snapshot) {
      restores++;
      settle(index);
      words.clear();
      if (snapshot.length > 0) {
        words.addAll(List.of(new String(snapshot, StandardCharsets.UTF_8).split("\n")));
      }
    }
  }

  /** Whom members ask besides the voters that they know of. */
  final Set<PeerId> contacts = new TreeSet<>();

  /** A machine and the member on it. */
  final class Member implements RaftListener {
    final PeerId id;
    final SimulatedHost host;
    Words machine = new Words();
    @Nullable RaftNode node;
    @Nullable Throwable failure;
    final Set<String> differing = new TreeSet<>();
    @Nullable Shard shard;

    Member(PeerId id) {
      this.id = id;
      this.host = world.addHost(id.name(), 1);
    }

    RaftNode node() {
      if (node == null) {
        throw new IllegalStateException(id + " was never booted");
      }
      return node;
    }

    void boot() {
      Environment environment = host.boot();
      Shard own = environment.shards().get(0);
      shard = own;
      machine = new Words();
      failure = null;
      Messaging messaging = environment.messaging();
      RaftNode started =
          new RaftNode(
              environment,
              own,
              Path.of("/data/raft"),
              configure.apply(RaftConfig.of(id, voters)),
              machine,
              (to, bytes) ->
                  messaging.send(new Endpoint(to.name(), PORT), Unpooled.wrappedBuffer(bytes)),
              this);
      node = started;
      started.contacts(() -> contacts);
      try {
        messaging.start(
            new Messaging.Identity(
                "test", new Endpoint(id.name(), PORT), new Endpoint(id.name(), PORT)),
            (from, bytes) -> started.receive(new PeerId(from.host()), ByteBufUtil.getBytes(bytes)));
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
      started.start();
    }

    RaftStatus status() {
      return node().status();
    }

    /** Proposes, on the member's shard; the answer comes as the world runs. */
    void propose(String word, long timeoutNanos, Consumer<ProposalOutcome> callback) {
      node()
          .propose(
              word.getBytes(StandardCharsets.UTF_8), world.nowNanos() + timeoutNanos, callback);
    }

    @Override
    public void started() {}

    @Override
    public void leaderChanged(@Nullable PeerId leader, long term) {}

    @Override
    public void stateDiffers(PeerId other, long index, boolean isCertain) {
      differing.add(other + (isCertain ? " is wrong" : " or " + id + " is wrong"));
    }

    @Override
    public void failed(Throwable cause) {
      failure = cause;
    }
  }

  final SimulatedWorld world;
  final List<PeerId> voters = new ArrayList<>();
  private final Map<PeerId, Member> members = new TreeMap<>();
  private final UnaryOperator<RaftConfig> configure;

  SimulatedRing(long seed, int voterCount, int learnerCount, UnaryOperator<RaftConfig> configure) {
    this.world = new SimulatedWorld(seed);
    this.configure = configure;
    for (int i = 1; i <= voterCount; i++) {
      voters.add(new PeerId("n" + i));
    }
    voters.forEach(id -> members.put(id, new Member(id)));
    for (int i = 1; i <= learnerCount; i++) {
      PeerId id = new PeerId("l" + i);
      members.put(id, new Member(id));
    }
  }

  void bootAll() {
    members.values().stream().filter(member -> !member.host.isUp()).forEach(Member::boot);
  }

  List<Member> members() {
    return List.copyOf(members.values());
  }

  Member member(String name) {
    Member member = members.get(new PeerId(name));
    if (member == null) {
      throw new IllegalArgumentException("no member " + name);
    }
    return member;
  }

  /** The leader that most members that are up agree on, waiting for one. */
  Member awaitLeader() {
    List<Member> found = new ArrayList<>();
    boolean has =
        world.runUntil(
            () -> {
              found.clear();
              for (Member member : members.values()) {
                if (member.host.isUp() && member.status().role() == Role.LEADER) {
                  found.add(member);
                }
              }
              return found.size() == 1;
            },
            10_000_000_000L);
    if (!has) {
      throw new AssertionError("no leader after 10 s, seed " + world.seed());
    }
    // Followers hear of it with the next message.
    world.runFor(100_000_000L);
    return found.getFirst();
  }
}
