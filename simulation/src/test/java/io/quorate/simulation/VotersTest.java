package io.quorate.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.coordinator.metadata.KeyspaceMetadata;
import io.quorate.coordinator.metadata.MetadataChange;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.coordinator.metadata.Replication;
import io.quorate.coordinator.metadata.Transition;
import io.quorate.environment.simulated.SimulatedHost;
import io.quorate.environment.simulated.SimulatedWorld;
import io.quorate.node.VoterPolicy;
import io.quorate.raft.PeerId;
import io.quorate.raft.RaftStatus;
import io.quorate.raft.Role;
import io.quorate.simulation.History.Outcome;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * If this breaks, the metadata ring stands the loss of fewer nodes than its cluster could, or stops
 * for good when the nodes that voted first have gone one after the other.
 */
class VotersTest {
  private static final long PATIENCE_MILLIS = 60_000;

  private final SimulatedWorld world = new SimulatedWorld(1);
  private final SimulatedCluster cluster = new SimulatedCluster(world, 3);
  private final Registers registers = new Registers(cluster, new History());

  private void start() {
    cluster.choosesVoters(new VoterPolicy(0, PATIENCE_MILLIS));
    cluster.startAll();
    registers.create(3);
  }

  private SimulatedHost join(String rack) {
    SimulatedHost host = cluster.addHost();
    cluster.place(host, rack);
    cluster.start(host);
    await("it has joined", () -> cluster.serves(host));
    return host;
  }

  private void await(String what, BooleanSupplier condition) {
    boolean met = world.runUntil(condition, TimeUnit.SECONDS.toNanos(180));
    assertThat(met).as("%s; the voters are %s", what, voters()).isTrue();
  }

  private List<PeerId> voters() {
    return voters(cluster);
  }

  private static List<PeerId> voters(SimulatedCluster cluster) {
    return statuses(cluster)
        .filter(status -> status.self().equals(status.leader()))
        .reduce((a, b) -> a.term() > b.term() ? a : b)
        .map(status -> status.outgoingVoters().isEmpty() ? status.voters() : List.<PeerId>of())
        .orElse(List.of());
  }

  private Stream<RaftStatus> statuses() {
    return statuses(cluster);
  }

  private static Stream<RaftStatus> statuses(SimulatedCluster cluster) {
    return cluster.hosts().stream()
        .filter(cluster::serves)
        .map(host -> cluster.node(host).metadataRing());
  }

  private static PeerId peer(SimulatedHost host) {
    return new PeerId(host.name() + ":7000");
  }

  private void awaitVoters(String what, Predicate<List<PeerId>> condition) {
    await(what, () -> condition.test(voters()));
  }

  private boolean canChangeMetadata() {
    boolean[] done = new boolean[1];
    for (int attempt = 0; attempt < 10 && !done[0]; attempt++) {
      SimulatedHost host =
          cluster.hosts().stream().filter(cluster::serves).findFirst().orElseThrow();
      registers.attempt(
          host,
          new MetadataChange.DropKeyspace("not there", true),
          outcome -> done[0] |= outcome == Outcome.OK);
      world.runFor(TimeUnit.SECONDS.toNanos(4));
    }
    return done[0];
  }

  @Test
  void aClusterThatGrowsHasMoreVotersAndStandsMoreLosses() {
    start();
    join("rack2");
    awaitVoters(
        "one of the new rack votes", voters -> voters.contains(peer(cluster.hosts().get(3))));
    assertThat(voters()).hasSize(3);
    join("rack3");
    awaitVoters("five vote", voters -> voters.size() == 5);
    cluster.hosts().get(0).crash();
    cluster.hosts().get(1).crash();
    assertThat(canChangeMetadata()).isTrue();
  }

  @Test
  void aVoterThatIsDeadForLongGivesItsVoteToAnother() {
    start();
    join("rack1");
    SimulatedHost dead = cluster.hosts().get(1);
    dead.crash();
    world.runFor(TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS / 2));
    assertThat(voters()).as("it may come back").contains(peer(dead)).hasSize(3);
    awaitVoters("another votes", voters -> voters.size() == 3 && !voters.contains(peer(dead)));
    // Of the three that voted first two are gone: without the exchange nothing could be changed.
    cluster.hosts().get(2).crash();
    assertThat(canChangeMetadata()).isTrue();
    cluster.start(dead);
    world.runFor(TimeUnit.SECONDS.toNanos(20));
    assertThat(cluster.serves(dead)).as("it goes on without a vote").isTrue();
  }

  /** Nobody told it whose place it takes: to it, an empty log looks like a ring that begins. */
  @Test
  void whoLostItsDiskHelpsNobodyToBeElectedWithoutWhatItHadAcknowledged() {
    start();
    SimulatedHost leader = cluster.hosts().stream().filter(this::leads).findFirst().orElseThrow();
    List<SimulatedHost> followers =
        cluster.hosts().stream().filter(host -> host != leader).toList();
    SimulatedHost behind = followers.get(0);
    SimulatedHost blank = followers.get(1);
    behind.crash();
    boolean[] done = new boolean[1];
    registers.attempt(
        leader,
        new MetadataChange.CreateKeyspace(
            new KeyspaceMetadata("precious", new Replication.Simple(1), true), false),
        outcome -> done[0] = outcome == Outcome.OK);
    await("it is acknowledged", () -> done[0]);
    leader.crash();
    blank.crash();
    blank.disk().exchange();
    cluster.mayFail(blank);
    cluster.start(behind);
    cluster.start(blank);
    world.runFor(TimeUnit.SECONDS.toNanos(60));
    assertThat(statuses()).noneMatch(status -> status.role() == Role.LEADER);

    cluster.start(leader);
    await(
        "what was acknowledged is there",
        () -> cluster.node(behind).coordinator().metadata().keyspace("precious") != null);
    await("the blank one is told", () -> cluster.failure(blank) != null);
    assertThat(cluster.failure(blank)).contains("replace_node");
  }

  private boolean leads(SimulatedHost host) {
    return cluster.node(host).metadataRing().role() == Role.LEADER;
  }

  /** Whoever has just been elected has heard of nobody, and exchanges no voters yet. */
  @Test
  void whoLeavesInTheMomentOfAnElectionHasHandedItsVoteOnWhenItIsGone() {
    for (long seed = 1; seed <= 8; seed++) {
      SimulatedWorld other = new SimulatedWorld(seed);
      SimulatedCluster four = new SimulatedCluster(other, 4);
      four.choosesVoters(new VoterPolicy(0, PATIENCE_MILLIS));
      four.startAll();
      List<SimulatedHost> voters = four.hosts().subList(0, 3);
      SimulatedHost leader =
          voters.stream()
              .filter(host -> four.node(host).metadataRing().role() == Role.LEADER)
              .findFirst()
              .orElseThrow();
      List<SimulatedHost> followers = voters.stream().filter(host -> host != leader).toList();
      SimulatedHost leaver = followers.getFirst();
      UUID id = four.node(leaver).coordinator().localHostId();
      NodeInfo node = Objects.requireNonNull(four.node(leaver).coordinator().metadata().node(id));
      new Registers(four, new History())
          .attempt(
              leaver,
              new MetadataChange.BeginTransition(Transition.Kind.LEAVE, node, null, false),
              outcome -> {});
      Objects.requireNonNull(four.node(leader).raft())
          .transferLeadership(peer(followers.getLast()));
      SimulatedHost fourth = four.hosts().getLast();
      boolean isGone =
          other.runUntil(
              () -> four.node(fourth).coordinator().metadata().isRemoved(id),
              TimeUnit.SECONDS.toNanos(180));
      assertThat(isGone).as("seed %d", seed).isTrue();
      assertThat(voters(four)).as("seed %d", seed).isNotEmpty().doesNotContain(peer(leaver));
      boolean isTaken =
          other.runUntil(() -> voters(four).contains(peer(fourth)), TimeUnit.SECONDS.toNanos(20));
      assertThat(isTaken).as("seed %d", seed).isTrue();
    }
  }

  /** Seeds 306696 and 307302: the ring waited for the votes of the dead for ever. */
  @Test
  void whoDiesInTheMomentInWhichAVoterBeginsToLeaveGetsNoVote() {
    for (long seed = 1; seed <= 8; seed++) {
      SimulatedWorld other = new SimulatedWorld(seed);
      SimulatedCluster seven = new SimulatedCluster(other, 7);
      seven.choosesVoters(new VoterPolicy(0, PATIENCE_MILLIS));
      seven.startAll();
      assertThat(voters(seven)).hasSize(5);
      List<SimulatedHost> followers =
          seven.hosts().stream()
              .filter(host -> seven.node(host).metadataRing().role() == Role.FOLLOWER)
              .toList();
      SimulatedHost leaver = followers.getFirst();
      UUID id = seven.node(leaver).coordinator().localHostId();
      NodeInfo node = Objects.requireNonNull(seven.node(leaver).coordinator().metadata().node(id));
      List<SimulatedHost> dying =
          Stream.concat(
                  followers.subList(1, 3).stream(),
                  seven.hosts().stream().filter(host -> !voters(seven).contains(peer(host))))
              .toList();
      assertThat(dying).hasSize(4);
      new Registers(seven, new History())
          .attempt(
              leaver,
              new MetadataChange.BeginTransition(Transition.Kind.LEAVE, node, null, false),
              outcome -> {});
      dying.forEach(SimulatedHost::crash);
      other.runFor(TimeUnit.SECONDS.toNanos(30));
      assertThat(voters(seven)).as("seed %d", seed).isNotEmpty();
    }
  }

  @Test
  void withoutAMajorityNobodyGetsAVote() {
    start();
    join("rack1");
    cluster.hosts().get(0).crash();
    cluster.hosts().get(1).crash();
    world.runFor(TimeUnit.MILLISECONDS.toNanos(3 * PATIENCE_MILLIS));
    assertThat(statuses())
        .allSatisfy(status ->
            assertThat(status.voters()).hasSize(3).contains(peer(cluster.hosts().get(0))));
    cluster.start(cluster.hosts().get(0));
    awaitVoters(
        "the dead one is replaced", voters -> voters.contains(peer(cluster.hosts().get(3))));
  }

  @Test
  void aVoteThatNobodyCouldTakeIsMovedWhenSomebodyComes() {
    start();
    join("rack1");
    // The one without a vote is away while a voter is taken out of the cluster.
    SimulatedHost learner = cluster.hosts().get(3);
    SimulatedHost dead = cluster.hosts().get(2);
    UUID id = cluster.node(dead).coordinator().localHostId();
    dead.crash();
    await("it is taken for dead", () -> !cluster.node(learner).coordinator().isAlive(id));
    learner.crash();
    world.runFor(TimeUnit.SECONDS.toNanos(5));
    NodeInfo node =
        Objects.requireNonNull(
            cluster.node(cluster.hosts().getFirst()).coordinator().metadata().node(id));
    registers.attempt(
        cluster.hosts().getFirst(),
        new MetadataChange.BeginTransition(Transition.Kind.REMOVE, node, null, true),
        outcome -> assertThat(outcome).isEqualTo(Outcome.OK));
    awaitVoters("two vote, and not in vain for a third", voters -> voters.size() == 2);
    cluster.start(learner);
    awaitVoters("three vote", voters -> voters.size() == 3 && voters.contains(peer(learner)));
  }

  @Test
  void aWitnessVotesAndHoldsNothing() {
    start();
    SimulatedHost witness = cluster.addHost();
    cluster.makeWitness(witness);
    cluster.place(witness, "rack2");
    cluster.start(witness);
    await("it has joined", () -> cluster.serves(witness));
    awaitVoters("it votes", voters -> voters.contains(peer(witness)));
    var metadata = cluster.node(cluster.hosts().getFirst()).coordinator().metadata();
    assertThat(metadata.nodes()).hasSize(3).noneMatch(NodeInfo::isWitness);
    assertThat(metadata.replicas("registers", 0)).hasSize(3);
    assertThat(metadata.ring().rangeCount()).isEqualTo(24);
    // Two data nodes are lost of three: the other one and the witness are no majority of three; but
    // with one lost the witness makes it one.
    SimulatedHost lost =
        cluster.hosts().stream()
            .filter(host -> voters().contains(peer(host)) && !host.equals(witness))
            .findFirst()
            .orElseThrow();
    lost.crash();
    assertThat(canChangeMetadata()).isTrue();
    SimulatedHost again = lost;
    cluster.start(again);
    await("it serves again", () -> cluster.serves(again));
    // A data node joins while there is a witness, which nobody waits for.
    witness.crash();
    join("rack1");
    cluster.start(witness);
    await("the witness is back", () -> cluster.serves(witness));
  }
}
