package io.quorate.cql;

import io.quorate.coordinator.RequestFailure;
import io.quorate.protocol.ErrorCode;
import io.quorate.protocol.ErrorDetails;
import io.quorate.protocol.Response;
import io.quorate.protocol.WriteType;
import java.util.Map;

/** The coordinator's failures as the client is told them, in the words of Cassandra. */
final class Failures {
  private Failures() {}

  static Response.Failure response(RequestFailure failure) {
    return switch (failure) {
      case RequestFailure.Unavailable it ->
          new Response.Failure(
              ErrorCode.UNAVAILABLE,
              "Cannot achieve consistency level " + it.level(),
              new ErrorDetails.Unavailable(it.level(), it.required(), it.alive()));
      case RequestFailure.WriteTimeout it ->
          new Response.Failure(
              ErrorCode.WRITE_TIMEOUT,
              timedOut(it.received()),
              new ErrorDetails.WriteTimeout(
                  it.level(), it.received(), it.required(), writeType(it.kind())));
      case RequestFailure.ReadTimeout it ->
          new Response.Failure(
              ErrorCode.READ_TIMEOUT,
              timedOut(it.received()),
              new ErrorDetails.ReadTimeout(
                  it.level(), it.received(), it.required(), it.dataPresent()));
      case RequestFailure.WriteFailure it ->
          new Response.Failure(
              ErrorCode.WRITE_FAILURE,
              failed(it.received(), it.failed(), it.why()),
              new ErrorDetails.WriteFailure(
                  it.level(),
                  it.received(),
                  it.required(),
                  it.failed(),
                  Map.of(),
                  writeType(it.kind())));
      case RequestFailure.ReadFailure it ->
          new Response.Failure(
              ErrorCode.READ_FAILURE,
              failed(it.received(), it.failed(), it.why()),
              new ErrorDetails.ReadFailure(
                  it.level(),
                  it.received(),
                  it.required(),
                  it.failed(),
                  Map.of(),
                  it.dataPresent()));
      case RequestFailure.Overloaded it -> new Response.Failure(ErrorCode.OVERLOADED, it.message());
      case RequestFailure.Invalid it -> new Response.Failure(ErrorCode.INVALID, it.message());
      case RequestFailure.TruncateFailed it ->
          new Response.Failure(ErrorCode.TRUNCATE_ERROR, it.message());
      case RequestFailure.MetadataUnavailable it ->
          new Response.Failure(ErrorCode.SERVER_ERROR, it.message());
      case RequestFailure.MetadataUnknown it ->
          new Response.Failure(ErrorCode.SERVER_ERROR, it.message());
    };
  }

  private static String timedOut(int received) {
    return "Operation timed out - received only " + received + " responses.";
  }

  private static String failed(int received, int failed, String why) {
    return "Operation failed - received "
        + received
        + " responses and "
        + failed
        + " failures: "
        + why;
  }

  private static WriteType writeType(RequestFailure.WriteKind kind) {
    return switch (kind) {
      case SIMPLE -> WriteType.SIMPLE;
      case BATCH -> WriteType.BATCH;
      case UNLOGGED_BATCH -> WriteType.UNLOGGED_BATCH;
      case BATCH_LOG -> WriteType.BATCH_LOG;
    };
  }
}
