package io.quorate.gossip;

import io.quorate.environment.Endpoint;
import io.quorate.environment.Environment;
import io.quorate.environment.Shard;
import io.quorate.environment.Timer;
import io.quorate.gossip.GossipCore.Envelope;
import io.quorate.gossip.GossipCore.Event;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who is in the cluster and who is alive, as this node sees it. Drives a {@link GossipCore} with a
 * shard's timers and a transport.
 *
 * <p>All work happens on one shard. Every method may be called from any thread; what is asked is
 * answered from an immutable view that the shard swaps when something changes.
 */
public final class Membership {
  private static final Logger log = LoggerFactory.getLogger(Membership.class);

  /** Carries messages to other nodes, best effort. Called on the shard. */
  public interface Transport {
    void send(Endpoint to, byte[] message);
  }

  /** Hears of other nodes. Called on the shard, after the view has changed. */
  public interface Listener {
    /** It answers, for the first time or again. Also after a restart too quick to be noticed. */
    void onAlive(Member member);

    /** It does not answer, confirmed by others, or it said goodbye, or it started anew. */
    void onDown(Member member);

    /** It describes itself in another way. */
    void onChange(Member member);
  }

  /**
   * What is known of a node, for operators.
   *
   * @param isSuspect whether it is alive, but silent, and asked for a sign of life
   * @param phi suspicion, when it was last looked at
   * @param lines attribute, version and value each
   */
  public record Report(
      UUID hostId,
      @Nullable Member member,
      long generation,
      long heartbeat,
      boolean isAlive,
      boolean isSuspect,
      double phi,
      List<String> lines) {}

  private record View(List<Member> members, Set<UUID> alive) {}

  private final Environment environment;
  private final Shard shard;
  private final GossipConfig config;
  private final Transport transport;
  private final Listener listener;
  private final GossipCore core;

  private @Nullable Timer timer;
  private boolean isRunning;

  /** Written on the shard, read anywhere. */
  private volatile View view;

  /** Written on the shard, read anywhere. */
  private volatile Map<UUID, Report> reports = Map.of();

  /**
   * @param self how this node describes itself
   * @param generation of this life of the node: greater than that of every life before, so wall
   *     seconds at the start, or one more than the last one if the clock went back
   */
  public Membership(
      Environment environment,
      Shard shard,
      GossipConfig config,
      Member self,
      long generation,
      Transport transport,
      Listener listener) {
    this.environment = environment;
    this.shard = shard;
    this.config = config;
    this.transport = transport;
    this.listener = listener;
    this.core =
        new GossipCore(config, environment.random(), self, generation, environment.clock().nanos());
    this.view = new View(List.of(self), Set.of(self.hostId()));
  }

  /** Begins to gossip, first with the seeds. The own endpoint may be among them. */
  public void start(List<Endpoint> seeds) {
    onShard(() -> {
      isRunning = true;
      core.start(seeds, environment.clock().nanos());
      flush();
      report();
      timer = shard.schedule(config.tickNanos(), this::onTick);
    });
  }

  /**
   * Tells where there are nodes, in place of what was told before: the seeds that this node was
   * given may all be gone by the time it starts again.
   */
  public void contacts(Collection<Endpoint> endpoints) {
    List<Endpoint> known = List.copyOf(endpoints);
    onShard(() -> core.contacts(known));
  }

  /** A message has arrived. What is malformed is dropped and logged. */
  public void receive(Endpoint from, byte[] message) {
    onShard(() -> {
      if (!isRunning) {
        return;
      }
      try {
        core.receive(from, GossipCodec.decode(message), environment.clock().nanos());
      } catch (GossipCodec.Malformed e) {
        log.warn("gossip message from {} is dropped: {}", from, e.getMessage());
        return;
      }
      flush();
    });
  }

  /** Changes how this node describes itself; the others hear of it within a few rounds. */
  public void updateSelf(UnaryOperator<Member> change) {
    onShard(() -> {
      Member old = self();
      Member description = change.apply(old);
      if (!description.hostId().equals(old.hostId())) {
        throw new IllegalArgumentException("a node keeps its host id");
      }
      core.updateSelf(description);
      publish();
    });
  }

  /** Says goodbye and stops: the others mark this node down at once. */
  public void stop() {
    onShard(() -> {
      if (!isRunning) {
        return;
      }
      core.stop();
      flush();
      isRunning = false;
      if (timer != null) {
        timer.cancel();
      }
    });
  }

  /** The node has left the cluster for good; its host id never counts again. */
  public void forget(UUID hostId) {
    onShard(() -> {
      core.forget(hostId);
      flush();
      publish();
    });
  }

  /** All nodes that are known, alive or not, this one included, by host id. */
  public Collection<Member> members() {
    return view.members();
  }

  /** Whether a node is thought to be alive; this one always is. Cheap: asked by each request. */
  public boolean isAlive(UUID hostId) {
    return view.alive().contains(hostId);
  }

  /** Suspicion of a node's silence, as of the last round; 0 when it is unknown. */
  public double phi(UUID hostId) {
    Report report = reports.get(hostId);
    return report == null ? 0 : report.phi();
  }

  /** Everything that is known, as of the last round, by host id. */
  public Collection<Report> reports() {
    return reports.values();
  }

  private void onShard(Runnable task) {
    if (shard.isCurrent()) {
      task.run();
    } else {
      shard.execute(task);
    }
  }

  private void onTick() {
    if (!isRunning) {
      return;
    }
    timer = shard.schedule(config.tickNanos(), this::onTick);
    long heartbeat = core.self().heartbeat;
    core.tick(environment.clock().nanos());
    flush();
    if (core.self().heartbeat != heartbeat) {
      report();
    }
  }

  /** Does what the core wants: sends, publishes, tells. */
  private void flush() {
    for (Envelope envelope : core.takeMessages()) {
      transport.send(envelope.to(), GossipCodec.encode(envelope.message()));
    }
    List<Event> events = core.takeEvents();
    if (events.isEmpty()) {
      return;
    }
    publish();
    report();
    for (Event event : events) {
      Member member = event.member();
      switch (event.change()) {
        case ALIVE -> {
          log.info("{} at {} is up", member.hostId(), member.endpoint());
          listener.onAlive(member);
        }
        case SUSPECTED ->
            log.info("{} at {} is silent and asked for", member.hostId(), member.endpoint());
        case DOWN -> {
          log.info("{} at {} is down", member.hostId(), member.endpoint());
          listener.onDown(member);
        }
        case CHANGED -> listener.onChange(member);
      }
    }
  }

  private Member self() {
    Member self = core.self().member();
    if (self == null) {
      throw new IllegalStateException("this node has no description");
    }
    return self;
  }

  private void publish() {
    List<Member> members = new ArrayList<>();
    Set<UUID> alive = new HashSet<>(); // asked, never iterated
    members.add(self());
    alive.add(self().hostId());
    for (PeerState peer : core.peers()) {
      Member member = peer.member();
      if (member != null) {
        members.add(member);
        if (peer.isUp()) {
          alive.add(peer.hostId);
        }
      }
    }
    members.sort((a, b) -> a.hostId().compareTo(b.hostId()));
    view = new View(List.copyOf(members), alive);
  }

  private void report() {
    Map<UUID, Report> all = new LinkedHashMap<>();
    all.put(core.self().hostId, describe(core.self()));
    core.peers().forEach(peer -> all.put(peer.hostId, describe(peer)));
    reports = all;
  }

  private Report describe(PeerState peer) {
    List<String> lines = new ArrayList<>();
    peer.attributes()
        .forEach((name, versioned) ->
            lines.add(name + ":" + versioned.version() + ":" + versioned.value()));
    if (peer.problem() != null) {
      lines.add("PROBLEM:0:" + peer.problem());
    }
    return new Report(
        peer.hostId,
        peer.member(),
        peer.generation,
        peer.heartbeat,
        peer.isUp(),
        peer.liveness == PeerState.Liveness.SUSPECT,
        core.phi(peer),
        List.copyOf(lines));
  }
}
