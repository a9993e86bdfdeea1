package io.quorate.coordinator;

import io.netty.buffer.ByteBuf;
import io.quorate.coordinator.Coordinator.RangeRows;
import io.quorate.coordinator.Internode.Reply;
import io.quorate.coordinator.Internode.Status;
import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.sstable.Digest;
import io.quorate.sstable.Mutation;
import io.quorate.sstable.RangePosition;
import io.quorate.sstable.ReadLimits;
import io.quorate.sstable.ReadResult;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What this node does as a replica for other coordinators. A request that was sent under a newer
 * epoch waits until this node has applied it; one sent under an older epoch for a row that is not
 * this node's any more is refused.
 */
public final class ReplicaService {
  private static final Logger log = LoggerFactory.getLogger(ReplicaService.class);

  private final UUID hostId;
  private final MetadataRing ring;
  private final LocalReplica local;

  public ReplicaService(UUID hostId, MetadataRing ring, LocalReplica local) {
    this.hostId = hostId;
    this.ring = ring;
    this.local = local;
  }

  /** Takes requests from now on. Before the messaging starts only. */
  public void handleRequests(Internode internode) {
    internode.onRequest(
        Verb.MUTATION,
        (from, epoch, deadline, payload, reply) -> {
          byte[] bytes = new byte[payload.readableBytes()];
          payload.readBytes(bytes);
          guarded(
              reply,
              () -> {
                Mutation mutation = Mutation.parse(bytes);
                whenOwned(
                    mutation.tableId(),
                    mutation.token(),
                    mutation.token(),
                    epoch,
                    deadline,
                    reply,
                    () -> local.apply(mutation, epoch, new Written(reply, deadline)));
              });
        });
    internode.onRequest(
        Verb.READ,
        (from, epoch, deadline, payload, reply) -> read(epoch, deadline, payload, reply, false));
    internode.onRequest(
        Verb.READ_DIGEST,
        (from, epoch, deadline, payload, reply) -> read(epoch, deadline, payload, reply, true));
    internode.onRequest(
        Verb.READ_RANGE,
        (from, epoch, deadline, payload, reply) ->
            guarded(
                reply,
                () -> {
                  UUID table = ReadCodec.readUuid(payload);
                  RangePosition start = ReadCodec.readPosition(payload);
                  long lastToken = payload.readLong();
                  int rowLimit = payload.readInt();
                  ReadLimits limits = ReadCodec.readLimits(payload);
                  whenOwned(
                      table,
                      start.token(),
                      lastToken,
                      epoch,
                      deadline,
                      reply,
                      () ->
                          local.readRange(
                              table, start, lastToken, limits, rowLimit, new RangeRead(reply)));
                }));
    // What the metadata say to be done when they are adopted, is done then: tables are truncated.
    internode.onRequest(
        Verb.ADOPTED,
        (from, epoch, deadline, payload, reply) ->
            ring.whenApplied(epoch, deadline, () -> ring.whenRemembered(reply::ok)));
  }

  private void read(long epoch, long deadline, ByteBuf payload, Reply reply, boolean digest) {
    guarded(
        reply,
        () -> {
          UUID table = ReadCodec.readUuid(payload);
          long token = payload.readLong();
          byte[] key = ReadCodec.readBytes(payload);
          ReadLimits limits = ReadCodec.readLimits(payload);
          whenOwned(
              table,
              token,
              token,
              epoch,
              deadline,
              reply,
              () -> local.read(table, token, key, limits, new Rows(reply, digest)));
        });
  }

  /** A request that does not parse is refused; the connection and the node live on. */
  private static void guarded(Reply reply, Runnable request) {
    try {
      request.run();
    } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
      log.warn("a malformed request was refused: {}", e.getMessage());
      reply.failed("malformed request: " + e.getMessage());
    }
  }

  /** Runs a request for the tokens from {@code first} to {@code last} if all are this node's. */
  private void whenOwned(
      UUID tableId,
      long first,
      long last,
      long epoch,
      long deadlineNanos,
      Reply reply,
      Runnable request) {
    if (epoch == ring.metadata().epoch()) {
      request.run();
      return;
    }
    ring.whenApplied(
        epoch,
        deadlineNanos,
        () -> {
          ClusterMetadata metadata = ring.metadata();
          TableMetadata table = metadata.table(tableId);
          if (table == null) {
            reply.refused(Status.STALE_EPOCH, "table " + tableId + " is not there any more");
          } else if (epoch < metadata.ownershipEpoch()) {
            reply.refused(
                Status.STALE_EPOCH,
                "ownership changed at epoch " + metadata.ownershipEpoch() + "; asked at " + epoch);
          } else if (!metadata.ownsAll(hostId, table.keyspace(), first, last)) {
            reply.refused(
                Status.NOT_OWNER,
                "what is asked for is not this node's at epoch "
                    + metadata.epoch()
                    + "; asked at "
                    + epoch);
          } else {
            request.run();
          }
        });
  }

  private final class Written implements LocalAnswer<@Nullable Void> {
    private final Reply reply;
    private final long deadlineNanos;

    Written(Reply reply, long deadlineNanos) {
      this.reply = reply;
      this.deadlineNanos = deadlineNanos;
    }

    @Override
    public void done(@Nullable Void nothing) {
      reply.ok();
    }

    @Override
    public void refused(String why) {
      reply.failed(why);
    }

    /** The answer says how far this node is, which must be as far as the coordinator is to come. */
    @Override
    public void stale(long epoch, String why) {
      ring.whenApplied(epoch, deadlineNanos, () -> reply.refused(Status.STALE_EPOCH, why));
    }
  }

  private record Rows(Reply reply, boolean digest) implements LocalAnswer<ReadResult> {
    @Override
    public void done(ReadResult result) {
      if (digest) {
        Digest value = Digest.of(result);
        reply.send(
            reply
                .begin(Status.OK, Digest.SIZE_BYTES)
                .writeLong(value.high())
                .writeLong(value.low()));
      } else {
        ByteBuf response = reply.begin(Status.OK, result.fragment().length + 8);
        ReadCodec.writeResult(response, result);
        reply.send(response);
      }
    }

    @Override
    public void refused(String why) {
      reply.failed(why);
    }
  }

  private record RangeRead(Reply reply) implements LocalAnswer<RangeRows> {
    @Override
    public void done(RangeRows rows) {
      ByteBuf response = reply.begin(Status.OK, 1024);
      ReadCodec.writeRows(response, rows);
      reply.send(response);
    }

    @Override
    public void refused(String why) {
      reply.failed(why);
    }
  }
}
