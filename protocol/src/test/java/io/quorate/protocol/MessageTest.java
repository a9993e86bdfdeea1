package io.quorate.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.datastax.oss.driver.internal.core.protocol.ByteBufPrimitiveCodec;
import com.datastax.oss.protocol.internal.Compressor;
import com.datastax.oss.protocol.internal.Frame;
import com.datastax.oss.protocol.internal.FrameCodec;
import com.datastax.oss.protocol.internal.Message;
import com.datastax.oss.protocol.internal.ProtocolConstants;
import com.datastax.oss.protocol.internal.request.Batch;
import com.datastax.oss.protocol.internal.request.Execute;
import com.datastax.oss.protocol.internal.request.Prepare;
import com.datastax.oss.protocol.internal.request.Query;
import com.datastax.oss.protocol.internal.request.query.QueryOptions;
import com.datastax.oss.protocol.internal.response.error.ReadFailure;
import com.datastax.oss.protocol.internal.response.error.Unavailable;
import com.datastax.oss.protocol.internal.response.error.WriteTimeout;
import com.datastax.oss.protocol.internal.response.event.StatusChangeEvent;
import com.datastax.oss.protocol.internal.response.result.DefaultRows;
import com.datastax.oss.protocol.internal.response.result.Prepared;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.quorate.protocol.types.BigEndian;
import io.quorate.protocol.types.ByteSink;
import io.quorate.protocol.types.CqlType.Scalar;
import io.quorate.protocol.types.TypeParser;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** If this breaks, an unmodified driver and the server misunderstand each other. */
class MessageTest {
  private static final FrameCodec<ByteBuf> DRIVER =
      FrameCodec.defaultClient(
          new ByteBufPrimitiveCodec(ByteBufAllocator.DEFAULT), Compressor.none());
  private static final byte[] ID = new byte[16];
  private static final ResultMetadata COLUMNS =
      new ResultMetadata(
          List.of(
              new ColumnSpec("ks", "t", "k", Scalar.TEXT),
              new ColumnSpec(
                  "ks", "t", "v", TypeParser.parse("map<text, inet>", TypeParser.UserTypes.NONE))));

  static {
    for (int i = 0; i < 16; i++) {
      ID[i] = (byte) i;
    }
  }

  private static Request fromDriver(ProtocolVersion version, Message message) {
    ByteBuf wire = DRIVER.encode(Frame.forRequest(version.number(), 3, false, Map.of(), message));
    List<Request> requests = new ArrayList<>();
    new FrameDecoder(FrameDecoder.Receives.REQUESTS)
        .decode(wire, envelope -> requests.add(RequestCodec.decode(envelope)));
    assertThat(requests).hasSize(1);
    Request request = requests.get(0);
    // Our own client's bytes for the same request read back the same.
    assertThat(throughUs(version, request)).usingRecursiveComparison().isEqualTo(request);
    return request;
  }

  private static Request throughUs(ProtocolVersion version, Request request) {
    FrameEncoder encoder = new FrameEncoder();
    encoder.add(version, 1, request, false);
    ByteBuf wire = Unpooled.buffer();
    encoder.flush(wire);
    List<Request> requests = new ArrayList<>();
    new FrameDecoder(FrameDecoder.Receives.REQUESTS)
        .decode(wire, envelope -> requests.add(RequestCodec.decode(envelope)));
    if (requests.get(0) instanceof Request.Query query
        && request instanceof Request.Query original) {
      return new Request.Query(
          query.query(), sameValues(query.parameters(), original.parameters()));
    }
    if (requests.get(0) instanceof Request.Execute execute
        && request instanceof Request.Execute original) {
      return new Request.Execute(
          execute.statementId(),
          execute.resultMetadataId(),
          sameValues(execute.parameters(), original.parameters()));
    }
    return request instanceof Request.Batch ? request : requests.get(0);
  }

  /** Values are slices of different frames: compared by content, then replaced. */
  private static QueryParameters sameValues(QueryParameters read, QueryParameters original) {
    assertThat(read.values().count()).isEqualTo(original.values().count());
    assertThat(read.values().names()).isEqualTo(original.values().names());
    for (int i = 0; i < read.values().count(); i++) {
      assertThat(read.values().length(i)).isEqualTo(original.values().length(i));
      assertThat(read.values().copy(i)).isEqualTo(original.values().copy(i));
    }
    return read.withValues(original.values());
  }

  private static Message toDriver(ProtocolVersion version, Response response) {
    FrameEncoder encoder = new FrameEncoder();
    encoder.add(version, 3, response);
    ByteBuf wire = Unpooled.buffer();
    encoder.flush(wire);
    List<Response> back = new ArrayList<>();
    new FrameDecoder(FrameDecoder.Receives.RESPONSES)
        .decode(wire.duplicate(), envelope -> back.add(ResponseCodec.decode(envelope, COLUMNS)));
    assertThat(back.get(0)).usingRecursiveComparison().isEqualTo(response);
    return DRIVER.decode(wire).message;
  }

  private static QueryOptions options(
      List<ByteBuffer> positional, Map<String, ByteBuffer> named, String keyspace) {
    return new QueryOptions(
        ProtocolConstants.ConsistencyLevel.LOCAL_QUORUM,
        positional,
        named,
        true,
        500,
        ByteBuffer.wrap(new byte[] {9, 8}),
        ProtocolConstants.ConsistencyLevel.LOCAL_SERIAL,
        1234L,
        keyspace,
        77);
  }

  @ParameterizedTest
  @EnumSource(ProtocolVersion.class)
  void queriesOfTheDriverAreUnderstood(ProtocolVersion version) {
    List<ByteBuffer> values = new ArrayList<>();
    values.add(ByteBuffer.wrap(new byte[] {1, 2, 3}));
    values.add(null);
    values.add(ProtocolConstants.UNSET_VALUE);
    values.add(ByteBuffer.allocate(0));
    Request.Query query =
        (Request.Query)
            fromDriver(version, new Query("SELECT é", options(values, Map.of(), "other")));
    assertThat(query.query()).isEqualTo("SELECT é");
    QueryParameters p = query.parameters();
    assertThat(p.consistency()).isEqualTo(ConsistencyLevel.LOCAL_QUORUM);
    assertThat(p.serialConsistency()).isEqualTo(ConsistencyLevel.LOCAL_SERIAL);
    assertThat(p.skipMetadata()).isTrue();
    assertThat(p.pageSize()).isEqualTo(500);
    assertThat(p.pagingState()).containsExactly(9, 8);
    assertThat(p.timestampMicros()).isEqualTo(1234);
    boolean isV5 = version == ProtocolVersion.V5;
    assertThat(p.keyspace()).isEqualTo(isV5 ? "other" : null);
    assertThat(p.nowSeconds()).isEqualTo(isV5 ? 77 : QueryParameters.NO_NOW);
    assertThat(p.values().copy(0)).containsExactly(1, 2, 3);
    assertThat(p.values().length(1)).isEqualTo(BoundValues.NULL);
    assertThat(p.values().isUnset(2)).isTrue();
    assertThat(p.values().copy(3)).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(ProtocolVersion.class)
  void namedValuesAndExecuteAndPrepareAreUnderstood(ProtocolVersion version) {
    Request.Execute execute =
        (Request.Execute)
            fromDriver(
                version,
                new Execute(ID, ID, options(List.of(), Map.of("a", ByteBuffer.wrap(ID)), "ks")));
    assertThat(execute.statementId()).isEqualTo(Md5.read(ID, 0));
    assertThat(execute.parameters().values().names()).containsExactly("a");
    Request.Prepare prepare = (Request.Prepare) fromDriver(version, new Prepare("INSERT", "ks"));
    assertThat(prepare.keyspace()).isEqualTo(version == ProtocolVersion.V5 ? "ks" : null);
  }

  @ParameterizedTest
  @EnumSource(ProtocolVersion.class)
  void batchesOfTheDriverAreUnderstood(ProtocolVersion version) {
    List<Object> queriesOrIds = List.of("INSERT 1", ID);
    List<List<ByteBuffer>> values =
        List.of(List.of(), List.of(ByteBuffer.wrap(BigEndian.ofInt(5))));
    Request.Batch batch =
        (Request.Batch)
            fromDriver(version, new Batch((byte) 1, queriesOrIds, values, 4, 8, 99L, "ks", 5));
    assertThat(batch.kind()).isEqualTo(Request.Batch.Kind.UNLOGGED);
    assertThat(((Request.Batch.Text) batch.statements().get(0)).query()).isEqualTo("INSERT 1");
    assertThat(((Request.Batch.Prepared) batch.statements().get(1)).values().copy(0))
        .containsExactly(0, 0, 0, 5);
    assertThat(batch.parameters().timestampMicros()).isEqualTo(99);
    assertThat(((Request.Batch) throughUs(version, batch)).statements()).hasSize(2);
  }

  @ParameterizedTest
  @EnumSource(ProtocolVersion.class)
  void rowsAreUnderstoodByTheDriver(ProtocolVersion version) {
    ByteSink rows = new ByteSink();
    rows.writeValue(new byte[] {'x'}, 0, 1);
    rows.writeInt(-1);
    DefaultRows read =
        (DefaultRows)
            toDriver(
                version,
                new Response.Rows(
                    COLUMNS, true, false, new byte[] {7}, 1, rows.toByteArray(), rows.length()));
    assertThat(read.getMetadata().columnSpecs).extracting(c -> c.name).containsExactly("k", "v");
    assertThat(read.getMetadata().pagingState).isEqualTo(ByteBuffer.wrap(new byte[] {7}));
    List<ByteBuffer> row = read.getData().peek();
    assertThat(row.get(0)).isEqualTo(ByteBuffer.wrap(new byte[] {'x'}));
    assertThat(row.get(1)).isNull();
  }

  @ParameterizedTest
  @EnumSource(ProtocolVersion.class)
  void preparedIsUnderstoodByTheDriver(ProtocolVersion version) {
    Prepared read =
        (Prepared)
            toDriver(version, new Response.Prepared(Md5.read(ID, 0), COLUMNS, List.of(0), COLUMNS));
    assertThat(read.preparedQueryId).isEqualTo(ID);
    assertThat(read.variablesMetadata.pkIndices).containsExactly(0);
    assertThat(read.variablesMetadata.columnSpecs).hasSize(2);
    assertThat(read.resultMetadata.columnSpecs).hasSize(2);
    toDriver(
        version, new Response.Prepared(Md5.read(ID, 0), COLUMNS, List.of(), ResultMetadata.EMPTY));
  }

  @ParameterizedTest
  @EnumSource(ProtocolVersion.class)
  void errorsAreUnderstoodByTheDriver(ProtocolVersion version) {
    Unavailable unavailable =
        (Unavailable)
            toDriver(
                version,
                new Response.Failure(
                    ErrorCode.UNAVAILABLE,
                    "Cannot achieve",
                    new ErrorDetails.Unavailable(ConsistencyLevel.QUORUM, 2, 1)));
    assertThat(unavailable.required).isEqualTo(2);
    assertThat(unavailable.alive).isEqualTo(1);
    WriteTimeout timeout =
        (WriteTimeout)
            toDriver(
                version,
                new Response.Failure(
                    ErrorCode.WRITE_TIMEOUT,
                    "late",
                    new ErrorDetails.WriteTimeout(
                        ConsistencyLevel.ALL, 1, 3, WriteType.UNLOGGED_BATCH)));
    assertThat(timeout.writeType).isEqualTo("UNLOGGED_BATCH");
    Map<InetAddress, Integer> reasons =
        version == ProtocolVersion.V5 ? Map.of(InetAddress.getLoopbackAddress(), 1) : Map.of();
    ReadFailure failure =
        (ReadFailure)
            toDriver(
                version,
                new Response.Failure(
                    ErrorCode.READ_FAILURE,
                    "broken",
                    new ErrorDetails.ReadFailure(ConsistencyLevel.ONE, 0, 1, 1, reasons, true)));
    assertThat(failure.dataPresent).isTrue();
    assertThat(failure.reasonMap).isEqualTo(reasons);
    toDriver(
        version,
        new Response.Failure(
            ErrorCode.ALREADY_EXISTS, "there", new ErrorDetails.AlreadyExists("ks", "t")));
    toDriver(
        version,
        new Response.Failure(
            ErrorCode.UNPREPARED, "unknown", new ErrorDetails.Unprepared(Md5.read(ID, 0))));
    toDriver(version, new Response.Failure(ErrorCode.SYNTAX_ERROR, "line 1:0"));
  }

  @ParameterizedTest
  @EnumSource(ProtocolVersion.class)
  void theRestIsUnderstoodByTheDriver(ProtocolVersion version) {
    StatusChangeEvent status =
        (StatusChangeEvent)
            toDriver(
                version,
                new Response.StatusEvent(
                    Response.StatusEvent.Status.DOWN,
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), 9042)));
    assertThat(status.changeType).isEqualTo("DOWN");
    toDriver(
        version,
        new Response.TopologyEvent(
            Response.TopologyEvent.Membership.NEW_NODE,
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 9042)));
    SchemaChange change =
        new SchemaChange(SchemaChange.Change.CREATED, SchemaChange.Target.TABLE, "ks", "t");
    toDriver(version, new Response.SchemaEvent(change));
    toDriver(version, new Response.SchemaChanged(change));
    toDriver(version, new Response.SetKeyspace("ks"));
    toDriver(version, new Response.Supported(Map.of("COMPRESSION", List.of("lz4"))));
    toDriver(version, new Response.Ready());
    toDriver(version, new Response.AuthChallenge(new byte[] {1}));
    toDriver(version, Response.VoidResult.INSTANCE);
  }

  @Test
  void messagesCutShortAreRefused() {
    FrameEncoder encoder = new FrameEncoder();
    BoundValues values = BoundValues.of(List.of(ID, ID));
    encoder.add(
        ProtocolVersion.V5,
        1,
        new Request.Execute(
            Md5.read(ID, 0), Md5.read(ID, 0), QueryParameters.of(ConsistencyLevel.ONE, values)),
        false);
    ByteBuf wire = Unpooled.buffer();
    encoder.flush(wire);
    byte[] body = new byte[wire.readableBytes() - Envelope.HEADER_BYTES];
    wire.getBytes(Envelope.HEADER_BYTES, body);
    for (int length = 0; length < body.length; length++) {
      Envelope cut =
          new Envelope(ProtocolVersion.V5, 0, 1, Opcode.EXECUTE, Arrays.copyOf(body, length));
      assertThatThrownBy(() -> RequestCodec.decode(cut)).isInstanceOf(ProtocolException.class);
    }
  }
}
