package io.quorate.gossip;

import io.quorate.environment.Endpoint;
import io.quorate.environment.Randomness;
import io.quorate.gossip.GossipMessage.Ack;
import io.quorate.gossip.GossipMessage.Ack2;
import io.quorate.gossip.GossipMessage.Delta;
import io.quorate.gossip.GossipMessage.Digest;
import io.quorate.gossip.GossipMessage.Ping;
import io.quorate.gossip.GossipMessage.PingAck;
import io.quorate.gossip.GossipMessage.PingRequest;
import io.quorate.gossip.GossipMessage.PingResult;
import io.quorate.gossip.GossipMessage.Sender;
import io.quorate.gossip.GossipMessage.Syn;
import io.quorate.gossip.PeerState.Liveness;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;

/**
 * Gossip as a state machine: time and messages go in, messages and changes of liveness come out.
 *
 * <p>An exchange brings two nodes to the same knowledge: {@code Syn} tells what one knows, {@code
 * Ack} brings it what the other knows better and asks for the rest, {@code Ack2} brings that. Of a
 * node, the later generation wins, then the later version; heartbeats and attributes move on their
 * own.
 *
 * <p>What counts as life: a message that the node sent itself, or a heartbeat that moved since it
 * was first heard of. What somebody else tells of a node for the first time does not: the node may
 * have been dead for long.
 *
 * <p>Owned by its driver's shard; not thread-safe.
 */
final class GossipCore {
  private static final int MAX_RELAYS = 1_024;
  private static final int MAX_FORGOTTEN = 10_000;

  record Envelope(Endpoint to, GossipMessage message) {}

  enum Change {
    ALIVE,
    SUSPECTED,
    DOWN,
    CHANGED
  }

  record Event(Change change, Member member) {}

  /** A ping sent for somebody else. */
  private record Relay(Endpoint asker, long askersNonce, UUID target, long sinceNanos) {}

  private final GossipConfig config;
  private final Randomness random;
  private final PeerState self;
  private final Set<Endpoint> seeds = new TreeSet<>();

  /** Where there are nodes, as is known from elsewhere. */
  private final Set<Endpoint> contacts = new TreeSet<>();

  private final Map<UUID, PeerState> peers = new TreeMap<>();
  private final Set<UUID> forgotten = new LinkedHashSet<>();
  private final Map<Long, Relay> relays = new LinkedHashMap<>();
  private final List<Envelope> outbox = new ArrayList<>();
  private final List<Event> events = new ArrayList<>();
  private long lastTickNanos;
  private long lastRoundNanos;
  private long nowNanos;

  GossipCore(GossipConfig config, Randomness random, Member self, long generation, long nowNanos) {
    this.config = config;
    this.random = random;
    this.self = new PeerState(self.hostId(), generation);
    this.self.describe(self);
    this.self.liveness = Liveness.ALIVE;
    this.nowNanos = nowNanos;
    this.lastTickNanos = nowNanos;
    this.lastRoundNanos = nowNanos - config.intervalNanos();
  }

  // ---------------------------------------------------------------------------------------------
  // What the driver sees

  List<Envelope> takeMessages() {
    List<Envelope> taken = List.copyOf(outbox);
    outbox.clear();
    return taken;
  }

  List<Event> takeEvents() {
    List<Event> taken = List.copyOf(events);
    events.clear();
    return taken;
  }

  PeerState self() {
    return self;
  }

  Collection<PeerState> peers() {
    return peers.values();
  }

  double phi(PeerState peer) {
    return peer.detector == null ? 0 : peer.detector.phi(nowNanos);
  }

  // ---------------------------------------------------------------------------------------------
  // What goes in

  void start(List<Endpoint> seedEndpoints, long now) {
    nowNanos = now;
    seeds.addAll(seedEndpoints);
    seeds.remove(selfMember().endpoint());
    round();
  }

  /** Nodes are at these endpoints, whether or not they were ever heard. */
  void contacts(Collection<Endpoint> endpoints) {
    contacts.clear();
    contacts.addAll(endpoints);
    contacts.remove(selfMember().endpoint());
  }

  /** The node describes itself anew. */
  void updateSelf(Member description) {
    self.describe(description);
  }

  /** Says goodbye to everyone, so that nobody has to find out. */
  void stop() {
    self.describe(selfMember().withStatus(Member.Status.SHUTDOWN));
    Delta all = self.deltaFor(new Digest(self.hostId, 0, 0, 0));
    for (PeerState peer : peers.values()) {
      Member member = peer.member();
      if (peer.isUp() && member != null) {
        send(member.endpoint(), new Ack2(sender(), List.of(all)));
      }
    }
  }

  /** The node left the cluster: whatever is still told of it is not listened to. */
  void forget(UUID hostId) {
    PeerState peer = peers.get(hostId);
    if (peer != null) {
      down(peer);
      peers.remove(hostId);
    }
    forgotten.add(hostId);
    if (forgotten.size() > MAX_FORGOTTEN) {
      forgotten.remove(forgotten.iterator().next());
    }
  }

  /** Time passed; called about every {@link GossipConfig#tickNanos}. */
  void tick(long now) {
    nowNanos = now;
    long gapNanos = now - lastTickNanos;
    lastTickNanos = now;
    if (gapNanos >= config.pauseNanos()) {
      forgivePause(gapNanos);
    }
    if (now - lastRoundNanos >= config.intervalNanos()) {
      round();
    }
    peers.values().forEach(this::judge);
    relays.values().removeIf(relay -> now - relay.sinceNanos() > 2 * config.probeTimeoutNanos());
  }

  void receive(Endpoint from, GossipMessage message, long now) {
    nowNanos = now;
    Sender sender = message.sender();
    PeerState known = peers.get(sender.hostId());
    if (sender.hostId().equals(self.hostId) || forgotten.contains(sender.hostId())) {
      return;
    }
    if (known != null && sender.generation() < known.generation) {
      // Late; or its clock went back, and it has to hear what it must outbid.
      send(from, new Ack2(sender(), List.of(known.deltaFor(new Digest(known.hostId, 0, 0, 0)))));
      return;
    }
    switch (message) {
      case Syn m -> onSyn(from, m);
      case Ack m -> onAck(from, m);
      case Ack2 m -> m.deltas().forEach(this::learn);
      case Ping m -> send(from, new PingAck(sender(), m.nonce()));
      case PingAck m -> onPingAck(m);
      case PingRequest m -> onPingRequest(from, m);
      case PingResult m -> {
        PeerState target = peers.get(m.target());
        if (target != null && target.liveness == Liveness.SUSPECT) {
          alive(target, false);
        }
      }
    }
    heardDirectly(sender);
  }

  // ---------------------------------------------------------------------------------------------
  // Anti-entropy

  private void round() {
    lastRoundNanos = nowNanos;
    self.heartbeat++;
    List<Endpoint> up = new ArrayList<>();
    List<Endpoint> down = new ArrayList<>();
    Set<Endpoint> unheard = new TreeSet<>(seeds);
    unheard.addAll(contacts);
    for (PeerState peer : peers.values()) {
      Member member = peer.member();
      if (member != null) {
        (peer.isUp() ? up : down).add(member.endpoint());
        if (peer.isUp()) {
          unheard.remove(member.endpoint());
        }
      }
    }
    Syn syn = new Syn(sender(), digests());
    int upCount = up.size();
    for (int i = 0; i < config.fanout() && !up.isEmpty(); i++) {
      send(up.remove(random.nextInt(up.size())), syn);
    }
    // Now and then one that is down, more often the more there are: it may be back.
    if (!down.isEmpty() && random.nextInt(upCount + 1) < down.size()) {
      send(down.get(random.nextInt(down.size())), syn);
    }
    // Where nobody is known to be up there may be the way to another part of the cluster.
    if (upCount == 0) {
      unheard.forEach(endpoint -> send(endpoint, syn));
    } else if (!unheard.isEmpty() && random.nextInt(upCount + 1) == 0) {
      List<Endpoint> candidates = List.copyOf(unheard);
      send(candidates.get(random.nextInt(candidates.size())), syn);
    }
  }

  private List<Digest> digests() {
    List<Digest> digests = new ArrayList<>(peers.size() + 1);
    digests.add(self.digest());
    peers.values().forEach(peer -> digests.add(peer.digest()));
    return digests;
  }

  private void onSyn(Endpoint from, Syn syn) {
    List<Delta> deltas = new ArrayList<>();
    List<Digest> wanted = new ArrayList<>();
    Set<UUID> mentioned = new TreeSet<>();
    for (Digest theirs : syn.digests()) {
      mentioned.add(theirs.hostId());
      compare(theirs, deltas, wanted);
    }
    if (!mentioned.contains(self.hostId)) {
      deltas.add(self.deltaFor(new Digest(self.hostId, 0, 0, 0)));
    }
    for (PeerState peer : peers.values()) {
      if (!mentioned.contains(peer.hostId) && peer.member() != null) {
        deltas.add(peer.deltaFor(new Digest(peer.hostId, 0, 0, 0)));
      }
    }
    send(from, new Ack(sender(), deltas, wanted));
  }

  /** Finds who knows better about a node. */
  private void compare(Digest theirs, List<Delta> deltas, List<Digest> wanted) {
    if (forgotten.contains(theirs.hostId())) {
      return;
    }
    PeerState ours = theirs.hostId().equals(self.hostId) ? self : peers.get(theirs.hostId());
    if (ours == null) {
      wanted.add(new Digest(theirs.hostId(), 0, 0, 0));
      return;
    }
    if (ours == self) {
      outliveImpostor(theirs.generation(), theirs.heartbeat());
    } else if (theirs.generation() > ours.generation) {
      wanted.add(ours.digest());
      return;
    }
    if (theirs.generation() == ours.generation && ours != self) {
      advance(ours, theirs.heartbeat());
      if (theirs.attributeVersion() > ours.attributeVersion()) {
        wanted.add(ours.digest());
      }
    }
    boolean isBehind =
        theirs.generation() < ours.generation
            || theirs.heartbeat() < ours.heartbeat
            || theirs.attributeVersion() < ours.attributeVersion();
    if (isBehind) {
      deltas.add(ours.deltaFor(theirs));
    }
  }

  private void onAck(Endpoint from, Ack ack) {
    ack.deltas().forEach(this::learn);
    List<Delta> deltas = new ArrayList<>();
    for (Digest theirs : ack.wanted()) {
      PeerState ours = theirs.hostId().equals(self.hostId) ? self : peers.get(theirs.hostId());
      if (ours != null) {
        deltas.add(ours.deltaFor(theirs));
      }
    }
    if (!deltas.isEmpty()) {
      send(from, new Ack2(sender(), deltas));
    }
  }

  private void learn(Delta delta) {
    if (forgotten.contains(delta.hostId())) {
      return;
    }
    if (delta.hostId().equals(self.hostId)) {
      outliveImpostor(delta.generation(), delta.heartbeat());
      return;
    }
    PeerState peer = peers.get(delta.hostId());
    boolean isNewLife = peer == null || delta.generation() > peer.generation;
    if (isNewLife && delta.afterVersion() > 0) {
      return; // not all of it; the next exchange brings the rest
    }
    if (peer == null) {
      peer = new PeerState(delta.hostId(), delta.generation());
      peers.put(delta.hostId(), peer);
    } else if (isNewLife) {
      down(peer);
      peer.startLife(delta.generation());
    }
    if (delta.generation() < peer.generation) {
      return;
    }
    boolean wasKnown = peer.member() != null && !isNewLife;
    boolean isNews = peer.merge(delta);
    Member member = peer.member();
    if (member == null) {
      return;
    }
    if (isNewLife) {
      peer.heartbeat = delta.heartbeat();
      supersede(peer, member);
      send(member.endpoint(), new Syn(sender(), digests()));
    } else {
      advance(peer, delta.heartbeat());
    }
    if (peer.hasSaidGoodbye()) {
      down(peer);
    }
    if (isNews && wasKnown) {
      events.add(new Event(Change.CHANGED, member));
    }
  }

  /**
   * Somebody has heard of a later life of this very node: its clock went back, or its data
   * directory is in use twice. Its own word has to win.
   */
  private void outliveImpostor(long generation, long heartbeat) {
    boolean isLater =
        generation > self.generation
            || (generation == self.generation && heartbeat > self.heartbeat);
    if (isLater) {
      self.generation = generation + 1;
      self.heartbeat = 1;
    }
  }

  // ---------------------------------------------------------------------------------------------
  // Liveness

  private void heardDirectly(Sender sender) {
    PeerState peer = peers.get(sender.hostId());
    if (peer == null || peer.generation != sender.generation()) {
      return; // a life of which nothing is known yet
    }
    if (sender.heartbeat() > peer.heartbeat) {
      advance(peer, sender.heartbeat());
    } else {
      alive(peer, false);
    }
  }

  private void advance(PeerState peer, long heartbeat) {
    if (heartbeat > peer.heartbeat) {
      peer.heartbeat = heartbeat;
      alive(peer, true);
    }
  }

  private void alive(PeerState peer, boolean isHeartbeat) {
    Member member = peer.member();
    if (member == null) {
      return;
    }
    if (peer.detector == null || peer.liveness == Liveness.DOWN) {
      if (peer.hasSaidGoodbye() || isSuperseded(peer, member)) {
        return;
      }
      peer.detector = new PhiAccrual(nowNanos, config.intervalNanos(), config.minDeviationNanos());
      peer.liveness = Liveness.ALIVE;
      events.add(new Event(Change.ALIVE, member));
      return;
    }
    peer.liveness = Liveness.ALIVE;
    if (isHeartbeat) {
      peer.detector.arrived(nowNanos);
    } else {
      peer.detector.heard(nowNanos);
    }
  }

  private void down(PeerState peer) {
    Member member = peer.member();
    if (peer.isUp() && member != null) {
      events.add(new Event(Change.DOWN, member));
    }
    peer.liveness = Liveness.DOWN;
  }

  private void judge(PeerState peer) {
    Member member = peer.member();
    if (peer.detector == null || member == null) {
      return;
    }
    switch (peer.liveness) {
      case DOWN -> {}
      case ALIVE -> {
        if (peer.detector.phi(nowNanos) > config.phiThreshold()) {
          peer.liveness = Liveness.SUSPECT;
          peer.suspectSinceNanos = nowNanos;
          events.add(new Event(Change.SUSPECTED, member));
          probe(peer, member);
        }
      }
      case SUSPECT -> {
        if (nowNanos - peer.suspectSinceNanos >= config.probeTimeoutNanos()) {
          down(peer);
        }
      }
    }
  }

  /** Asks a suspect itself, and others who may reach it (SWIM, section 3.1). */
  private void probe(PeerState suspect, Member member) {
    long nonce = random.nextLong();
    send(member.endpoint(), new Ping(sender(), nonce));
    List<Endpoint> helpers = new ArrayList<>();
    for (PeerState peer : peers.values()) {
      Member helper = peer.member();
      if (peer.liveness == Liveness.ALIVE && helper != null) {
        helpers.add(helper.endpoint());
      }
    }
    for (int i = 0; i < config.probeHelpers() && !helpers.isEmpty(); i++) {
      Endpoint helper = helpers.remove(random.nextInt(helpers.size()));
      send(helper, new PingRequest(sender(), nonce, suspect.hostId));
    }
  }

  private void onPingRequest(Endpoint from, PingRequest request) {
    PeerState target = peers.get(request.target());
    Member member = target == null ? null : target.member();
    if (member == null || relays.size() >= MAX_RELAYS) {
      return;
    }
    long nonce = random.nextLong();
    relays.put(nonce, new Relay(from, request.nonce(), request.target(), nowNanos));
    send(member.endpoint(), new Ping(sender(), nonce));
  }

  private void onPingAck(PingAck answer) {
    Relay relay = relays.remove(answer.nonce());
    if (relay != null && relay.target().equals(answer.sender().hostId())) {
      send(relay.asker(), new PingResult(sender(), relay.askersNonce(), relay.target()));
    }
  }

  /** This node was stopped, not the others: their silence starts now. */
  private void forgivePause(long gapNanos) {
    for (PeerState peer : peers.values()) {
      if (peer.detector != null) {
        peer.detector.skip(gapNanos);
      }
      if (peer.liveness == Liveness.SUSPECT) {
        peer.liveness = Liveness.ALIVE;
      }
    }
  }

  /** An address belongs to the node that started there last: whoever had it before is gone. */
  private void supersede(PeerState peer, Member member) {
    for (PeerState other : peers.values()) {
      Member theirs = other.member();
      if (theirs != null && other.isUp() && isSuperseded(other, theirs)) {
        down(other);
      }
    }
    if (isSuperseded(peer, member)) {
      down(peer);
    }
  }

  private boolean isSuperseded(PeerState peer, Member member) {
    if (member.endpoint().equals(selfMember().endpoint())) {
      return true;
    }
    for (PeerState other : peers.values()) {
      Member theirs = other.member();
      boolean isLater = other.generation > peer.generation;
      if (isLater && theirs != null && theirs.endpoint().equals(member.endpoint())) {
        return true;
      }
    }
    return false;
  }

  // ---------------------------------------------------------------------------------------------

  private Member selfMember() {
    Member member = self.member();
    if (member == null) {
      throw new IllegalStateException("a node describes itself before it gossips");
    }
    return member;
  }

  private Sender sender() {
    return new Sender(self.hostId, self.generation, self.heartbeat);
  }

  private void send(Endpoint to, GossipMessage message) {
    if (!to.equals(selfMember().endpoint())) {
      outbox.add(new Envelope(to, message));
    }
  }
}
