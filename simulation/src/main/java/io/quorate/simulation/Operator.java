package io.quorate.simulation;

import io.quorate.coordinator.Coordinator.Answer;
import io.quorate.coordinator.RequestFailure;
import io.quorate.coordinator.RingCoordinator;
import io.quorate.coordinator.metadata.ChangeOutcome;
import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.MetadataChange;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.coordinator.metadata.TokenAllocation;
import io.quorate.coordinator.metadata.Transition;
import io.quorate.environment.Randomness;
import io.quorate.environment.simulated.SimulatedHost;
import io.quorate.environment.simulated.SimulatedWorld;
import io.quorate.node.Node;
import io.quorate.node.NodeState;
import io.quorate.raft.PeerId;
import io.quorate.raft.RaftNode;
import io.quorate.raft.RaftStatus;
import io.quorate.raft.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Who runs the cluster: lets nodes join and leave, lets some die, several at once too and in the
 * middle of another change, and takes them out or has them replaced, changes its mind, and moves
 * the leadership of the metadata ring. It looks twice a second, at one of the nodes that know most,
 * and does what is still to be done; so it gets over answers that were lost. It has several plans
 * at once, and leaves it to the cluster which of them go on together and which wait; but all that
 * are dead are taken out by one. Nobody dies for good with whom acknowledged rows may be lost, as
 * the metadata tell: so the checks at the end check that rule too.
 */
final class Operator {
  private static final long LOOK_EVERY_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(4);
  private static final int MOST_NODES = 9;
  private static final int MOST_DEAD = 3;
  private static final int MOST_PLANS = 3;

  private final SimulatedCluster cluster;
  private final SimulatedWorld world;
  private final Randomness random;
  private final MetadataWatch watch;
  private final Story story;
  private final int fewestNodes;
  private final int racks;
  private final SortedMap<String, Integer> done = new TreeMap<>();
  private final TreeMap<String, UUID> hostIds = new TreeMap<>();

  /** Hosts whose nodes were taken out of the cluster. */
  private final TreeSet<String> removed = new TreeSet<>();

  private final List<Plan> plans = new ArrayList<>();

  /** Changes of ownership that went on at the same time as another. */
  private final TreeSet<Long> together = new TreeSet<>();

  private long nextPlanNanos;
  private boolean ended;

  /** What is to be done, and to whom. */
  private static final class Plan {
    final Transition.Kind kind;

    /** Who joins, leaves, or is dead: then there may be several, but in a replacement. */
    final List<SimulatedHost> hosts;

    /** Who takes the place of one that is dead. */
    @Nullable SimulatedHost young;

    /** Where who moves goes, and with how many tokens. */
    String rack = "";

    int tokens;

    /** When to change one's mind; 0: never. */
    long cancelAtNanos;

    Plan(Transition.Kind kind, List<SimulatedHost> hosts) {
      this.kind = kind;
      this.hosts = new ArrayList<>(hosts);
    }

    SimulatedHost host() {
      return hosts.getFirst();
    }

    /** Whether nodes are not of the cluster any more when it is done. */
    boolean takesOut() {
      return kind == Transition.Kind.LEAVE || kind == Transition.Kind.REMOVE;
    }

    boolean isAbout(SimulatedHost host) {
      return hosts.contains(host) || host == young;
    }

    boolean isOfDead() {
      return kind == Transition.Kind.REMOVE || kind == Transition.Kind.REPLACE;
    }

    String names() {
      return hosts.stream().map(SimulatedHost::name).collect(Collectors.joining(", "));
    }
  }

  /**
   * @param fewestNodes as many as rows have replicas
   * @param racks over which nodes that join or move are spread
   */
  Operator(SimulatedCluster cluster, MetadataWatch watch, int fewestNodes, int racks, Story story) {
    this.cluster = cluster;
    this.watch = watch;
    this.fewestNodes = fewestNodes;
    this.racks = racks;
    this.world = cluster.world();
    this.random = world.random();
    this.story = story;
  }

  /** What was brought to an end, and how often. */
  SortedMap<String, Integer> done() {
    SortedMap<String, Integer> all = new TreeMap<>(done);
    all.put("TOGETHER", together.size());
    return all;
  }

  /** Whether a host that is down is to be started again. */
  boolean isWanted(SimulatedHost host) {
    boolean isDead = plans.stream().anyMatch(plan -> plan.isOfDead() && plan.hosts.contains(host));
    return cluster.hosts().contains(host) && !isDead && !removed.contains(host.name());
  }

  void begin() {
    nextPlanNanos = world.nowNanos() + TimeUnit.MILLISECONDS.toNanos(random.nextInt(3_000));
    look();
  }

  /** No new plan is made; one that was made is brought to its end. */
  void end() {
    ended = true;
  }

  /** Whether nothing is to be done any more, as far as one node knows. */
  boolean isIdle() {
    SimulatedHost via = informed();
    return plans.isEmpty()
        && cluster.hosts().stream().noneMatch(host -> removed.contains(host.name()))
        && via != null
        && !metadata(via).isChanging();
  }

  private void look() {
    world.after(LOOK_EVERY_NANOS, this::look);
    rememberHostIds();
    SimulatedHost via = informed();
    if (via == null) {
      return;
    }
    ClusterMetadata metadata = metadata(via);
    dismissRemoved(metadata);
    if (metadata.transitions().size() > 1) {
      metadata.transitions().forEach(transition -> together.add(transition.number()));
    }
    for (Plan plan : List.copyOf(plans)) {
      carryOn(plan, via);
    }
    for (Transition transition : metadata.transitions()) {
      boolean isForgotten = plans.stream().noneMatch(plan -> isOf(transition, plan));
      if (isForgotten
          && transition.step() == Transition.Step.WRITE_BOTH
          && random.nextInt(20) == 0) {
        propose(via, new MetadataChange.CancelTransition(transition.number()));
      }
    }
    if (!ended && metadata.isChanging() && random.nextInt(10) == 0) {
      strike(via);
      if (!cluster.serves(via)) {
        return;
      }
    }
    if (!ended && plans.size() < MOST_PLANS && world.nowNanos() >= nextPlanNanos) {
      makePlan(via);
    }
    if (!ended && random.nextInt(8) == 0) {
      transferLeadership();
    }
  }

  private void rememberHostIds() {
    for (SimulatedHost host : cluster.hosts()) {
      if (cluster.serves(host)) {
        hostIds.put(host.name(), cluster.node(host).coordinator().localHostId());
      }
    }
  }

  /** The node that knows most, or one of them; null when none serves. */
  private @Nullable SimulatedHost informed() {
    long newest = -1;
    List<SimulatedHost> informed = new ArrayList<>();
    for (SimulatedHost host : cluster.hosts()) {
      if (cluster.serves(host) && !removed.contains(host.name())) {
        long epoch = metadata(host).epoch();
        if (epoch > newest) {
          newest = epoch;
          informed.clear();
        }
        if (epoch == newest) {
          informed.add(host);
        }
      }
    }
    return informed.isEmpty() ? null : informed.get(random.nextInt(informed.size()));
  }

  private ClusterMetadata metadata(SimulatedHost host) {
    return cluster.node(host).coordinator().metadata();
  }

  // ---------------------------------------------------------------------------------------------

  private void makePlan(SimulatedHost via) {
    ClusterMetadata metadata = metadata(via);
    List<SimulatedHost> members = members(metadata);
    if (members.isEmpty()) {
      return;
    }
    boolean hasRoom = metadata.members().size() < MOST_NODES;
    SimulatedHost victim = members.get(random.nextInt(members.size()));
    Plan next =
        switch (random.nextInt(8)) {
          case 0, 1 -> hasRoom ? join() : null;
          case 2, 3 ->
              staying(metadata) > fewestNodes
                  ? new Plan(Transition.Kind.LEAVE, List.of(victim))
                  : null;
          case 4, 5 -> planOfDead() == null ? remove(members, via) : null;
          case 6 -> hasRoom && planOfDead() == null ? replace(members, via) : null;
          default -> move(victim);
        };
    if (next == null) {
      return;
    }
    if (random.nextInt(5) == 0) {
      next.cancelAtNanos = world.nowNanos() + TimeUnit.MILLISECONDS.toNanos(random.nextInt(8_000));
    }
    plans.add(next);
    nextPlanNanos = world.nowNanos() + TimeUnit.MILLISECONDS.toNanos(random.nextInt(3_000));
    next.hosts.forEach(cluster::mayFail);
    story.tell("operator: " + next.kind + " of " + next.names());
  }

  /** Those of which no plan is. */
  private List<SimulatedHost> members(ClusterMetadata metadata) {
    return cluster.dataHosts().stream()
        .filter(host -> info(host, metadata) != null && host.isUp())
        .filter(host -> plans.stream().noneMatch(plan -> plan.isAbout(host)))
        .toList();
  }

  /** How many nodes there are when all plans are done, should nobody join. */
  private int staying(ClusterMetadata metadata) {
    int staying = metadata.nodes().size();
    for (Plan plan : plans) {
      staying -= plan.takesOut() ? owners(plan, metadata) : 0;
    }
    return staying;
  }

  private int owners(Plan plan, ClusterMetadata metadata) {
    return (int) plan.hosts.stream().filter(host -> info(host, metadata) != null).count();
  }

  private @Nullable Plan planOfDead() {
    return plans.stream().filter(Plan::isOfDead).findFirst().orElse(null);
  }

  private Plan move(SimulatedHost victim) {
    Plan move = new Plan(Transition.Kind.MOVE, List.of(victim));
    move.rack = rack();
    move.tokens = 2 + random.nextInt(14);
    return move;
  }

  private String rack() {
    return "rack" + (racks == 1 ? 1 : 1 + random.nextInt(racks));
  }

  private Plan join() {
    SimulatedHost host = cluster.addHost();
    cluster.place(host, rack());
    cluster.mayFail(host);
    cluster.start(host);
    return new Plan(Transition.Kind.JOIN, List.of(host));
  }

  /**
   * Whether nodes may die for good: enough stay, no acknowledged row may be lost, and a majority of
   * the metadata ring's voters stays, for its loss is another story.
   */
  private boolean mayDie(List<SimulatedHost> victims, SimulatedHost via) {
    return majorityStays(victims) && metadata(via).losses(ids(victims)).isEmpty();
  }

  /** Of the voters that anybody knows of: an exchange of them may have begun at the leader only. */
  private boolean majorityStays(List<SimulatedHost> victims) {
    for (SimulatedHost host : cluster.hosts()) {
      RaftStatus status = cluster.serves(host) ? status(host) : null;
      if (status == null) {
        continue;
      }
      List<PeerId> voters = status.voters();
      // Who died before may be a voter still, though it owns nothing any more.
      long staying =
          cluster.hosts().stream()
              .filter(one -> isWanted(one) && !victims.contains(one) && voters.contains(peer(one)))
              .count();
      if (staying <= voters.size() / 2 || !status.outgoingVoters().isEmpty()) {
        return false;
      }
    }
    return true;
  }

  private @Nullable RaftStatus status(SimulatedHost host) {
    RaftNode raft = cluster.node(host).raft();
    return raft == null ? null : raft.status();
  }

  private SortedSet<UUID> ids(List<SimulatedHost> hosts) {
    TreeSet<UUID> ids = new TreeSet<>();
    for (SimulatedHost host : hosts) {
      UUID id = hostIds.get(host.name());
      if (id != null) {
        ids.add(id);
      }
    }
    return ids;
  }

  /** One dies, or a few at once. */
  private @Nullable Plan remove(List<SimulatedHost> members, SimulatedHost via) {
    int most = Math.min(1 + random.nextInt(MOST_DEAD), staying(metadata(via)) - fewestNodes);
    List<SimulatedHost> left = new ArrayList<>(members);
    List<SimulatedHost> victims = new ArrayList<>();
    while (victims.size() < most && !left.isEmpty()) {
      victims.add(left.remove(random.nextInt(left.size())));
      if (!mayDie(victims, via)) {
        victims.removeLast();
      }
    }
    return victims.isEmpty() ? null : kill(Transition.Kind.REMOVE, victims);
  }

  private Plan kill(Transition.Kind kind, List<SimulatedHost> victims) {
    for (SimulatedHost victim : victims) {
      story.tell(victim.name() + " dies for good");
      cluster.mayFail(victim);
      victim.crash();
    }
    return new Plan(kind, victims);
  }

  /** Somebody else dies for good while a change is under way. */
  private void strike(SimulatedHost via) {
    ClusterMetadata metadata = metadata(via);
    Plan ofDead = planOfDead();
    List<SimulatedHost> others = members(metadata);
    boolean isReplacing = ofDead != null && ofDead.kind == Transition.Kind.REPLACE;
    if (isReplacing || others.isEmpty() || staying(metadata) <= fewestNodes) {
      return;
    }
    SimulatedHost victim = others.get(random.nextInt(others.size()));
    List<SimulatedHost> dead = new ArrayList<>(List.of(victim));
    if (ofDead != null) {
      dead.addAll(ofDead.hosts);
    }
    if (!mayDie(dead, via)) {
      return;
    }
    done.merge("DIED_MEANWHILE", 1, Integer::sum);
    Plan removal = kill(Transition.Kind.REMOVE, List.of(victim));
    if (ofDead != null) {
      ofDead.hosts.add(victim);
    } else {
      plans.add(removal);
    }
  }

  /** A voter is removed instead. */
  private @Nullable Plan replace(List<SimulatedHost> members, SimulatedHost via) {
    RaftNode raft = cluster.node(via).raft();
    List<SimulatedHost> candidates =
        members.stream()
            .filter(host ->
                host != via
                    && raft != null
                    && !raft.status().voters().contains(peer(host))
                    && mayDie(List.of(host), via))
            .toList();
    if (candidates.isEmpty()) {
      return null;
    }
    SimulatedHost victim = candidates.get(random.nextInt(candidates.size()));
    Plan replacement = kill(Transition.Kind.REPLACE, List.of(victim));
    SimulatedHost young = cluster.addReplacement(victim);
    cluster.mayFail(young);
    cluster.start(young);
    replacement.young = young;
    return replacement;
  }

  private static PeerId peer(SimulatedHost host) {
    return new PeerId(host.name() + ":7000");
  }

  private void transferLeadership() {
    List<SimulatedHost> serving = cluster.hosts().stream().filter(cluster::serves).toList();
    for (SimulatedHost host : serving) {
      RaftNode raft = cluster.node(host).raft();
      if (raft != null && raft.status().role() == Role.LEADER) {
        SimulatedHost to = serving.get(random.nextInt(serving.size()));
        story.tell("operator: leadership from " + host.name() + " to " + to.name());
        raft.transferLeadership(peer(to));
      }
    }
  }

  // ---------------------------------------------------------------------------------------------

  private void carryOn(Plan now, SimulatedHost via) {
    ClusterMetadata metadata = metadata(via);
    if (isDone(now, metadata)) {
      over(now, "done");
      return;
    }
    Transition own = null;
    for (Transition transition : metadata.transitions()) {
      if (isOf(transition, now) && transition.dead().containsAll(dead(now, metadata))) {
        own = transition;
      }
    }
    if (own == null) {
      begin(now, via, metadata);
    } else if (now.cancelAtNanos != 0 && world.nowNanos() >= now.cancelAtNanos) {
      now.cancelAtNanos = 0;
      story.tell("operator: changes its mind");
      propose(via, new MetadataChange.CancelTransition(own.number()));
    }
  }

  private static boolean isOf(Transition transition, Plan plan) {
    String subject = transition.node().internode().host();
    return subject.equals(acting(plan).name())
        || plan.hosts.stream().anyMatch(host -> subject.equals(host.name()));
  }

  /** Those of a plan that are dead and not out yet. */
  private SortedSet<UUID> dead(Plan now, ClusterMetadata metadata) {
    SortedSet<UUID> dead = now.isOfDead() ? ids(now.hosts) : new TreeSet<>();
    dead.removeIf(metadata::isRemoved);
    return dead;
  }

  /**
   * Changes that keep the dead from being taken out though they wait for one of these; also one
   * that was begun when fewer were dead.
   */
  private void unblock(SortedSet<UUID> dead, SimulatedHost via) {
    ClusterMetadata metadata = metadata(via);
    for (Transition transition : metadata.transitions()) {
      SortedSet<UUID> needed = new TreeSet<>(transition.awaited());
      if (transition.step() == Transition.Step.READ_NEW) {
        needed.retainAll(dead);
        for (UUID one : needed) {
          watch.skip(transition.number(), one);
          propose(
              via, new MetadataChange.AcknowledgeStep(transition.number(), transition.step(), one));
        }
        continue;
      }
      needed.addAll(transition.dead());
      needed.addAll(transition.receivers());
      metadata
          .fetches(transition)
          .forEach(fetch -> fetch.sources().forEach(source -> needed.add(source.hostId())));
      needed.retainAll(dead);
      if (!needed.isEmpty()) {
        propose(via, new MetadataChange.CancelTransition(transition.number()));
      }
    }
  }

  private static SimulatedHost acting(Plan now) {
    return now.young == null ? now.host() : now.young;
  }

  private boolean isDone(Plan now, ClusterMetadata metadata) {
    UUID id = hostIds.get(now.host().name());
    SimulatedHost young = now.young;
    return metadata.transitions().stream().noneMatch(transition -> isOf(transition, now))
        && switch (now.kind) {
          case JOIN -> cluster.serves(now.host()) && id != null && metadata.node(id) != null;
          case LEAVE, REMOVE -> ids(now.hosts).stream().allMatch(metadata::isRemoved);
          case REPLACE ->
              id != null && metadata.isRemoved(id) && young != null && cluster.serves(young);
          case MOVE -> {
            NodeInfo node = info(now.host(), metadata);
            yield node != null
                && node.rack().equals(now.rack)
                && node.tokens().size() == now.tokens;
          }
        };
  }

  private void begin(Plan now, SimulatedHost via, ClusterMetadata metadata) {
    Plan ofDead = planOfDead();
    boolean waitsForDead =
        ofDead != null
            && metadata.transitions().stream().noneMatch(transition -> isOf(transition, ofDead));
    switch (now.kind) {
      case JOIN -> {
        if (cluster.failure(now.host()) != null && !now.host().isUp()) {
          refused(now);
        }
      }
      case LEAVE -> {
        NodeInfo node = info(now.host(), metadata);
        if (staying(metadata) < fewestNodes) {
          over(now, "given up"); // planned when there seemed to be more
        } else if (!waitsForDead && node != null && cluster.serves(now.host())) {
          propose(
              now.host(),
              new MetadataChange.BeginTransition(Transition.Kind.LEAVE, node, null, false));
        }
      }
      case REMOVE -> {
        SortedSet<UUID> dead = dead(now, metadata);
        RingCoordinator coordinator = cluster.node(via).coordinator();
        boolean tooMany = metadata.nodes().size() - dead.size() < fewestNodes;
        if (tooMany || !metadata.losses(dead).isEmpty()) {
          over(now, "given up"); // planned when the cluster seemed to be another
          now.hosts.stream().filter(host -> info(host, metadata) != null).forEach(cluster::start);
        } else if (dead.stream().noneMatch(coordinator::isAlive)) {
          unblock(dead, via);
          NodeInfo first = Objects.requireNonNull(metadata.node(dead.removeFirst()));
          propose(
              via,
              new MetadataChange.BeginTransition(
                  Transition.Kind.REMOVE, first, null, dead, false, false));
        }
      }
      case REPLACE -> {
        SimulatedHost young = acting(now);
        unblock(dead(now, metadata), via);
        if (cluster.failure(young) != null && !young.isUp()) {
          story.tell(young.name() + " tries again: " + cluster.failure(young));
          cluster.start(young);
        }
      }
      case MOVE -> {
        NodeInfo node = info(now.host(), metadata);
        if (removed.contains(now.host().name())) {
          over(now, "given up"); // a removal that was given up before went on
        } else if (!waitsForDead && node != null && cluster.serves(now.host())) {
          NodeInfo moved =
              node.movedTo(
                  now.rack,
                  TokenAllocation.weigh(
                      metadata.nodes(),
                      node,
                      now.tokens,
                      metadata.allocationGoal(node.datacenter())));
          propose(
              via, new MetadataChange.BeginTransition(Transition.Kind.MOVE, moved, null, false));
        }
      }
    }
  }

  /** A node that was not taken in, because joining was cancelled, tries again or is given up. */
  private void refused(Plan now) {
    story.tell(now.host().name() + " was refused: " + cluster.failure(now.host()));
    if (random.nextInt(2) == 0 && !ended) {
      cluster.start(now.host());
    } else {
      cluster.retire(now.host());
      over(now, "given up");
    }
  }

  private @Nullable NodeInfo info(SimulatedHost host, ClusterMetadata metadata) {
    UUID id = hostIds.get(host.name());
    return id == null ? null : metadata.node(id);
  }

  private void over(Plan now, String how) {
    story.tell("operator: " + now.kind + " of " + now.names() + " is " + how);
    boolean isDone = how.equals("done");
    done.merge(isDone ? now.kind.name() : "CANCELLED", 1, Integer::sum);
    if (isDone && now.isOfDead() && now.hosts.size() > 1) {
      done.merge("REMOVE_SEVERAL", 1, Integer::sum);
    }
    plans.remove(now);
    for (SimulatedHost dead : now.isOfDead() && isDone ? now.hosts : List.<SimulatedHost>of()) {
      if (random.nextInt(2) == 0) {
        story.tell(dead.name() + " comes back from the dead");
        cluster.start(dead);
      }
    }
  }

  /** A host that is out goes when its node has noticed; until then clients may ask it. */
  private void dismissRemoved(ClusterMetadata metadata) {
    for (SimulatedHost host : List.copyOf(cluster.hosts())) {
      UUID id = hostIds.get(host.name());
      Node process = cluster.process(host);
      boolean notices =
          process != null
              && process.state() != NodeState.DECOMMISSIONED
              && process.state() != NodeState.STOPPED;
      if (id != null && metadata.isRemoved(id)) {
        removed.add(host.name());
        if (!notices && plans.stream().noneMatch(plan -> plan.hosts.contains(host))) {
          cluster.retire(host);
        }
      }
    }
  }

  private void propose(SimulatedHost via, MetadataChange change) {
    RingCoordinator coordinator = cluster.node(via).coordinator();
    cluster
        .shard(via, 0)
        .execute(() ->
            coordinator.change(
                change,
                world.nowNanos() + PATIENCE_NANOS,
                new Answer<ChangeOutcome>() {
                  @Override
                  public void succeeded(ChangeOutcome outcome) {
                    if (outcome instanceof ChangeOutcome.Invalid invalid) {
                      story.tell("operator: refused: " + invalid.message());
                    }
                  }

                  @Override
                  public void failed(RequestFailure failure) {
                    // It is tried again as long as it is to be done.
                  }
                }));
  }
}
