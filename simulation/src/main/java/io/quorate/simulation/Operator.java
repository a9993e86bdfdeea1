package io.quorate.simulation;

import io.quorate.coordinator.Coordinator.Answer;
import io.quorate.coordinator.RequestFailure;
import io.quorate.coordinator.RingCoordinator;
import io.quorate.coordinator.metadata.ChangeOutcome;
import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.MetadataChange;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.coordinator.metadata.Transition;
import io.quorate.environment.Randomness;
import io.quorate.environment.simulated.SimulatedHost;
import io.quorate.environment.simulated.SimulatedWorld;
import io.quorate.node.Node;
import io.quorate.node.NodeState;
import io.quorate.raft.PeerId;
import io.quorate.raft.RaftNode;
import io.quorate.raft.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Who runs the cluster: lets nodes join and leave, lets some die and takes them out or has them
 * replaced, changes its mind, and moves the leadership of the metadata ring. It looks twice a
 * second, at one of the nodes that know most, and does what is still to be done; so it gets over
 * answers that were lost. One change of the cluster's shape at a time, as the cluster has it.
 */
final class Operator {
  private static final long LOOK_EVERY_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(4);
  private static final int FEWEST_NODES = 3;
  private static final int MOST_NODES = 9;

  private final SimulatedCluster cluster;
  private final SimulatedWorld world;
  private final int replicationFactor;
  private final Randomness random;
  private final Story story;
  private final SortedMap<String, Integer> done = new TreeMap<>();
  private final TreeMap<String, UUID> hostIds = new TreeMap<>();

  /** Hosts whose nodes were taken out of the cluster. */
  private final TreeSet<String> removed = new TreeSet<>();

  private @Nullable Plan plan;
  private long nextPlanNanos;
  private boolean ended;

  /** What is to be done, and to whom. */
  private static final class Plan {
    final Transition.Kind kind;

    /** Who joins, leaves, or is dead. */
    final SimulatedHost host;

    /** Who takes the place of one that is dead. */
    @Nullable SimulatedHost young;

    /** When to change one's mind; 0: never. */
    long cancelAtNanos;

    Plan(Transition.Kind kind, SimulatedHost host) {
      this.kind = kind;
      this.host = host;
    }
  }

  Operator(SimulatedCluster cluster, int replicationFactor, Story story) {
    this.cluster = cluster;
    this.replicationFactor = replicationFactor;
    this.world = cluster.world();
    this.random = world.random();
    this.story = story;
  }

  /** What was brought to an end, and how often. */
  SortedMap<String, Integer> done() {
    return done;
  }

  /** Whether a host that is down is to be started again. */
  boolean isWanted(SimulatedHost host) {
    Plan now = plan;
    boolean isDead = now != null && now.host == host && isOfDead(now.kind);
    return cluster.hosts().contains(host) && !isDead && !removed.contains(host.name());
  }

  private static boolean isOfDead(Transition.Kind kind) {
    return kind == Transition.Kind.REMOVE || kind == Transition.Kind.REPLACE;
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
    return plan == null
        && cluster.hosts().stream().noneMatch(host -> removed.contains(host.name()))
        && via != null
        && metadata(via).transition() == null;
  }

  private void look() {
    world.after(LOOK_EVERY_NANOS, this::look);
    rememberHostIds();
    SimulatedHost via = informed();
    if (via == null) {
      return;
    }
    dismissRemoved(metadata(via));
    Plan now = plan;
    Transition transition = metadata(via).transition();
    if (now != null) {
      carryOn(now, via);
    } else if (transition != null) {
      if (transition.step() == Transition.Step.WRITE_BOTH && random.nextInt(20) == 0) {
        propose(via, new MetadataChange.CancelTransition(transition.number()));
      }
    } else if (!ended && world.nowNanos() >= nextPlanNanos) {
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
    int nodes = metadata.nodes().size();
    List<SimulatedHost> members =
        cluster.hosts().stream()
            .filter(host -> {
              UUID id = hostIds.get(host.name());
              return id != null && metadata.node(id) != null && host.isUp();
            })
            .toList();
    if (members.isEmpty()) {
      return;
    }
    SimulatedHost victim = members.get(random.nextInt(members.size()));
    Plan next =
        switch (random.nextInt(6)) {
          case 0, 1 -> nodes < MOST_NODES ? join() : null;
          case 2, 3 -> nodes > fewestNodes() ? new Plan(Transition.Kind.LEAVE, victim) : null;
          case 4 -> nodes > fewestNodes() && mayDie(victim, via) ? remove(victim) : null;
          default -> nodes < MOST_NODES && mayDie(victim, via) ? replace(victim, via) : null;
        };
    if (next == null) {
      return;
    }
    if (random.nextInt(5) == 0) {
      next.cancelAtNanos = world.nowNanos() + TimeUnit.MILLISECONDS.toNanos(random.nextInt(8_000));
    }
    plan = next;
    cluster.mayFail(next.host);
    story.tell("operator: " + next.kind + " of " + next.host.name());
  }

  private Plan join() {
    SimulatedHost host = cluster.addHost();
    cluster.mayFail(host);
    cluster.start(host);
    return new Plan(Transition.Kind.JOIN, host);
  }

  private int fewestNodes() {
    return Math.max(FEWEST_NODES, replicationFactor);
  }

  /** The only copy of a row, or a majority of the voters, lost for good is another story. */
  private boolean mayDie(SimulatedHost victim, SimulatedHost via) {
    RaftNode raft = cluster.node(via).raft();
    return replicationFactor > 1
        && raft != null
        && raft.status().outgoingVoters().isEmpty()
        && (raft.status().voters().size() >= 3 || !raft.status().voters().contains(peer(victim)));
  }

  private Plan remove(SimulatedHost victim) {
    return kill(Transition.Kind.REMOVE, victim);
  }

  private Plan kill(Transition.Kind kind, SimulatedHost victim) {
    story.tell(victim.name() + " dies for good");
    victim.crash();
    return new Plan(kind, victim);
  }

  private @Nullable Plan replace(SimulatedHost victim, SimulatedHost via) {
    RaftNode raft = cluster.node(via).raft();
    boolean votes = raft != null && raft.status().voters().contains(peer(victim));
    if (votes || victim == via) {
      return null; // a voter is removed instead
    }
    Plan replacement = kill(Transition.Kind.REPLACE, victim);
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
    Transition transition = metadata.transition();
    if (transition == null) {
      begin(now, via, metadata);
      return;
    }
    boolean isOwn =
        transition.node().internode().host().equals(acting(now).name())
            || transition.node().internode().host().equals(now.host.name());
    if (!isOwn) {
      unblock(now, via, transition);
    } else if (now.cancelAtNanos != 0 && world.nowNanos() >= now.cancelAtNanos) {
      now.cancelAtNanos = 0;
      story.tell("operator: changes its mind");
      propose(via, new MetadataChange.CancelTransition(transition.number()));
    }
  }

  /**
   * A change that nobody wants any more, or that waits for a node which has died since: it was
   * begun when its answer was given up for lost.
   */
  private void unblock(Plan now, SimulatedHost via, Transition transition) {
    UUID dead = isOfDead(now.kind) ? hostIds.get(now.host.name()) : null;
    boolean isOrphan =
        cluster.hosts().stream()
            .noneMatch(host -> transition.node().internode().host().equals(host.name()));
    if (transition.step() == Transition.Step.WRITE_BOTH) {
      if (isOrphan || dead != null) {
        propose(via, new MetadataChange.CancelTransition(transition.number()));
      }
    } else if (dead != null && transition.awaited().contains(dead)) {
      propose(
          via, new MetadataChange.AcknowledgeStep(transition.number(), transition.step(), dead));
    }
  }

  private static SimulatedHost acting(Plan now) {
    return now.young == null ? now.host : now.young;
  }

  private boolean isDone(Plan now, ClusterMetadata metadata) {
    UUID id = hostIds.get(now.host.name());
    SimulatedHost young = now.young;
    return metadata.transition() == null
        && switch (now.kind) {
          case JOIN -> cluster.serves(now.host) && id != null && metadata.node(id) != null;
          case LEAVE, REMOVE -> id != null && metadata.isRemoved(id);
          case REPLACE ->
              id != null && metadata.isRemoved(id) && young != null && cluster.serves(young);
          case MOVE -> throw new IllegalStateException("no plan moves nodes");
        };
  }

  private void begin(Plan now, SimulatedHost via, ClusterMetadata metadata) {
    switch (now.kind) {
      case JOIN -> {
        if (cluster.failure(now.host) != null && !now.host.isUp()) {
          refused(now);
        }
      }
      case LEAVE -> {
        NodeInfo node = info(now.host, metadata);
        if (metadata.nodes().size() <= fewestNodes()) {
          over(now, "given up"); // planned when there seemed to be more
        } else if (node != null && cluster.serves(now.host)) {
          propose(
              now.host,
              new MetadataChange.BeginTransition(Transition.Kind.LEAVE, node, null, false));
        }
      }
      case REMOVE -> {
        NodeInfo node = info(now.host, metadata);
        RingCoordinator coordinator = cluster.node(via).coordinator();
        if (metadata.nodes().size() <= fewestNodes()) {
          over(now, "given up");
          cluster.start(now.host);
        } else if (node != null && !coordinator.isAlive(node.hostId())) {
          propose(
              via, new MetadataChange.BeginTransition(Transition.Kind.REMOVE, node, null, false));
        }
      }
      case REPLACE -> {
        SimulatedHost young = acting(now);
        if (cluster.failure(young) != null && !young.isUp()) {
          story.tell(young.name() + " tries again: " + cluster.failure(young));
          cluster.start(young);
        }
      }
      case MOVE -> throw new IllegalStateException("no plan moves nodes");
    }
  }

  /** A node that was not taken in, because joining was cancelled, tries again or is given up. */
  private void refused(Plan now) {
    story.tell(now.host.name() + " was refused: " + cluster.failure(now.host));
    if (random.nextInt(2) == 0 && !ended) {
      cluster.start(now.host);
    } else {
      cluster.retire(now.host);
      over(now, "given up");
    }
  }

  private @Nullable NodeInfo info(SimulatedHost host, ClusterMetadata metadata) {
    UUID id = hostIds.get(host.name());
    return id == null ? null : metadata.node(id);
  }

  private void over(Plan now, String how) {
    story.tell("operator: " + now.kind + " of " + now.host.name() + " is " + how);
    done.merge(how.equals("done") ? now.kind.name() : "CANCELLED", 1, Integer::sum);
    plan = null;
    nextPlanNanos = world.nowNanos() + TimeUnit.MILLISECONDS.toNanos(random.nextInt(3_000));
    if (isOfDead(now.kind) && how.equals("done") && random.nextInt(2) == 0) {
      story.tell(now.host.name() + " comes back from the dead");
      cluster.start(now.host);
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
        if (!notices && (plan == null || plan.host != host)) {
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
