package io.quorate.cql;

import io.quorate.protocol.ErrorCode;
import io.quorate.protocol.ErrorDetails;
import io.quorate.protocol.Response;

/** A request that is refused, with the answer that the client gets. */
final class RequestException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final ErrorCode code;
  private final transient ErrorDetails details;

  RequestException(ErrorCode code, String message, ErrorDetails details) {
    // Refusals are answers, not bugs: a stack trace would cost more than the request.
    super(message, null, false, false);
    this.code = code;
    this.details = details;
  }

  static RequestException invalid(String message) {
    return new RequestException(ErrorCode.INVALID, message, new ErrorDetails.None());
  }

  static RequestException config(String message) {
    return new RequestException(ErrorCode.CONFIG_ERROR, message, new ErrorDetails.None());
  }

  static RequestException notYet(String what) {
    return invalid(what + " is not supported yet");
  }

  Response.Failure response() {
    return new Response.Failure(code, String.valueOf(getMessage()), details);
  }
}
