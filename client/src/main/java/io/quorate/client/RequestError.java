package io.quorate.client;

import io.quorate.protocol.ErrorCode;
import io.quorate.protocol.ErrorDetails;
import io.quorate.protocol.Response;

/** The cluster answered with an error. {@link #details} has the counts that the error carries. */
public final class RequestError extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final ErrorCode code;
  private final transient ErrorDetails details;

  RequestError(Response.Failure failure) {
    super(failure.message());
    this.code = failure.code();
    this.details = failure.details();
  }

  public ErrorCode code() {
    return code;
  }

  public ErrorDetails details() {
    return details;
  }
}
