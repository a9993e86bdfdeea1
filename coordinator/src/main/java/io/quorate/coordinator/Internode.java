package io.quorate.coordinator;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.collection.LongObjectHashMap;
import io.quorate.environment.Clock;
import io.quorate.environment.Endpoint;
import io.quorate.environment.Environment;
import io.quorate.environment.Messaging;
import io.quorate.environment.Shard;
import io.quorate.environment.Shards;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Requests and responses between nodes, over messages that may be lost.
 *
 * <pre>
 *   request  := 1 u8 | verb u8   | request id i64 | epoch i64 | milliseconds left u32 | payload
 *   response := 2 u8 | status u8 | request id i64 | epoch i64 | payload
 *   one way  := 3 u8 | verb u8   | payload
 * </pre>
 *
 * <p>Every request has a deadline, after which its {@link Pending} times out and a late response is
 * dropped. The lowest byte of a request id is the shard that waits for the response. Epochs are the
 * sender's metadata epoch. Safe for use from every shard; what waits belongs to its shard.
 */
public final class Internode {
  private static final Logger log = LoggerFactory.getLogger(Internode.class);
  private static final int REQUEST = 1;
  private static final int RESPONSE = 2;
  private static final int ONE_WAY = 3;
  private static final int REQUEST_HEADER_BYTES = 22;
  private static final int RESPONSE_HEADER_BYTES = 18;
  private static final int SHARD_BITS = 8;

  /** How a request ended at the other node. */
  public enum Status {
    OK(0),
    /** The node could not do it; the payload says why. */
    FAILED(1),
    /** The node has too much to do; nothing was done. */
    OVERLOADED(2),
    /** The sender's metadata is older than what this request needs; nothing was done. */
    STALE_EPOCH(3),
    /** What is asked for is not this node's; nothing was done. */
    NOT_OWNER(4);

    private static final Status[] BY_CODE = values();

    private final int code;

    Status(int code) {
      this.code = code;
    }
  }

  /** A request that waits for its response. */
  abstract static class Pending extends TimeoutWheel.Entry {
    private @Nullable Lane lane;
    private long id;

    /**
     * @param payload valid during the call only
     */
    abstract void responded(Status status, ByteBuf payload);

    /** No response came before the deadline. */
    abstract void expired();

    @Override
    final void timedOut() {
      if (lane != null && lane.waiting.remove(id) != null) {
        expired();
      }
    }
  }

  /** Does what requests of one verb ask for. Called on a shard, not always the owner's. */
  public interface RequestHandler {
    /**
     * @param payload valid during the call only
     */
    void handle(Endpoint from, long epoch, long deadlineNanos, ByteBuf payload, Reply reply);
  }

  /** Takes messages that want no response. */
  public interface OneWayHandler {
    /**
     * @param payload valid during the call only
     */
    void handle(Endpoint from, ByteBuf payload);
  }

  private static final class Lane {
    final TimeoutWheel timeouts;
    final LongObjectHashMap<Pending> waiting = new LongObjectHashMap<>();
    final int shard;
    long nextId;

    Lane(Clock clock, Shard shard) {
      this.timeouts = new TimeoutWheel(clock, shard);
      this.shard = shard.index();
    }
  }

  private final Clock clock;
  private final Shards shards;
  private final Messaging messaging;
  private final LongSupplier epoch;
  private final List<Lane> lanes = new ArrayList<>();
  private final AtomicLong newestRefusalEpoch = new AtomicLong();
  private final Map<Verb, RequestHandler> requestHandlers = new EnumMap<>(Verb.class);
  private final Map<Verb, OneWayHandler> oneWayHandlers = new EnumMap<>(Verb.class);

  /**
   * @param epoch this node's metadata epoch, put into every message
   */
  public Internode(Environment environment, LongSupplier epoch) {
    this.clock = environment.clock();
    this.shards = environment.shards();
    this.messaging = environment.messaging();
    this.epoch = epoch;
    for (Shard shard : shards.all()) {
      lanes.add(new Lane(clock, shard));
    }
  }

  /** Says who handles a verb. Before the messaging starts only. */
  public void onRequest(Verb verb, RequestHandler handler) {
    requestHandlers.put(verb, handler);
  }

  /** Says who handles a verb. Before the messaging starts only. */
  public void onOneWay(Verb verb, OneWayHandler handler) {
    oneWayHandlers.put(verb, handler);
  }

  /** The timeouts of the current shard. */
  TimeoutWheel timeouts() {
    return lane().timeouts;
  }

  /** This node's metadata epoch. */
  long epoch() {
    return epoch.getAsLong();
  }

  /** A replica, which may be this node itself, has refused a request of this node as stale. */
  void refusedAsStale(long replicaEpoch) {
    newestRefusalEpoch.accumulateAndGet(replicaEpoch, Math::max);
  }

  /** The newest epoch under which a node refused a request of this one as stale; 0 for none. */
  long newestRefusalEpoch() {
    return newestRefusalEpoch.get();
  }

  private Lane lane() {
    return lanes.get(shards.currentOrFirst().index());
  }

  /** A buffer that holds the header of a request; append the payload, then {@link #send}. */
  ByteBuf request(Verb verb, int payloadBytes, Pending pending, long deadlineNanos) {
    return request(verb, payloadBytes, pending, deadlineNanos, epoch.getAsLong());
  }

  /**
   * @param plannedEpoch of the metadata that said whom to ask
   */
  ByteBuf request(
      Verb verb, int payloadBytes, Pending pending, long deadlineNanos, long plannedEpoch) {
    Lane lane = lane();
    long id = lane.nextId++ << SHARD_BITS | lane.shard;
    lane.waiting.put(id, pending);
    pending.lane = lane;
    pending.id = id;
    lane.timeouts.enter(pending, deadlineNanos);
    long millisLeft = Math.clamp((deadlineNanos - clock.nanos()) / 1_000_000, 1, Integer.MAX_VALUE);
    return PooledByteBufAllocator.DEFAULT
        .ioBuffer(REQUEST_HEADER_BYTES + payloadBytes)
        .writeByte(REQUEST)
        .writeByte(verb.code())
        .writeLong(id)
        .writeLong(plannedEpoch)
        .writeInt((int) millisLeft);
  }

  void send(Endpoint to, ByteBuf message) {
    messaging.send(to, message);
  }

  /** Sends without waiting for anything. */
  public void sendOneWay(Endpoint to, Verb verb, byte[] payload) {
    messaging.send(
        to,
        PooledByteBufAllocator.DEFAULT
            .ioBuffer(2 + payload.length)
            .writeByte(ONE_WAY)
            .writeByte(verb.code())
            .writeBytes(payload));
  }

  /** The receiver to start the messaging with. */
  public Messaging.Receiver receiver() {
    return this::received;
  }

  private void received(Endpoint from, ByteBuf message) {
    try {
      dispatch(from, message);
    } catch (IndexOutOfBoundsException e) {
      log.warn("a message from {} ends too early and is dropped", from);
    }
  }

  private void dispatch(Endpoint from, ByteBuf message) {
    int kind = message.readByte();
    switch (kind) {
      case REQUEST -> receivedRequest(from, message);
      case RESPONSE -> receivedResponse(message);
      case ONE_WAY -> {
        OneWayHandler handler = oneWayHandlers.get(Verb.of(message.readByte()));
        if (handler == null) {
          log.debug("a message from {} with an unknown verb is dropped", from);
        } else {
          handler.handle(from, message);
        }
      }
      default -> log.warn("a message from {} of unknown kind {} is dropped", from, kind);
    }
  }

  private void receivedRequest(Endpoint from, ByteBuf message) {
    int code = message.readByte();
    long id = message.readLong();
    long senderEpoch = message.readLong();
    long deadlineNanos = clock.nanos() + message.readUnsignedInt() * 1_000_000;
    Reply reply = new Reply(from, id);
    Verb verb = Verb.of(code);
    RequestHandler handler = verb == null ? null : requestHandlers.get(verb);
    if (handler == null) {
      reply.failed("verb " + code + " is not known to this version");
      return;
    }
    handler.handle(from, senderEpoch, deadlineNanos, message, reply);
  }

  private void receivedResponse(ByteBuf message) {
    int code = message.readByte();
    long id = message.readLong();
    long responderEpoch = message.readLong();
    Status status =
        code >= 0 && code < Status.BY_CODE.length ? Status.BY_CODE[code] : Status.FAILED;
    if (status == Status.STALE_EPOCH || status == Status.NOT_OWNER) {
      refusedAsStale(responderEpoch);
    }
    int index = (int) (id & ((1 << SHARD_BITS) - 1));
    if (index >= lanes.size()) {
      return;
    }
    Shard waitingShard = shards.get(index);
    if (waitingShard.isCurrent()) {
      respond(lanes.get(index), id, status, message);
    } else {
      ByteBuf kept = message.retain();
      waitingShard.execute(() -> {
        try {
          respond(lanes.get(index), id, status, kept);
        } finally {
          kept.release();
        }
      });
    }
  }

  private static void respond(Lane lane, long id, Status status, ByteBuf payload) {
    Pending pending = lane.waiting.remove(id);
    if (pending != null) {
      pending.leaveWheel();
      pending.responded(status, payload);
    }
  }

  /** Where a request's response goes. Used once, from any shard. */
  public final class Reply {
    private final Endpoint to;
    private final long id;

    Reply(Endpoint to, long id) {
      this.to = to;
      this.id = id;
    }

    /** A buffer that holds the header of a response; append the payload, then {@link #send}. */
    public ByteBuf begin(Status status, int payloadBytes) {
      return PooledByteBufAllocator.DEFAULT
          .ioBuffer(RESPONSE_HEADER_BYTES + payloadBytes)
          .writeByte(RESPONSE)
          .writeByte(status.code)
          .writeLong(id)
          .writeLong(epoch.getAsLong());
    }

    public void send(ByteBuf response) {
      messaging.send(to, response);
    }

    public void ok() {
      send(begin(Status.OK, 0));
    }

    public void refused(Status status, String why) {
      byte[] text = why.getBytes(StandardCharsets.UTF_8);
      send(begin(status, text.length).writeBytes(text));
    }

    public void failed(String why) {
      refused(Status.FAILED, why);
    }
  }

  /** The text of a refusal. */
  static String text(ByteBuf payload) {
    return payload.toString(StandardCharsets.UTF_8);
  }
}
