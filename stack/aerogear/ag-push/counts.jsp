<%@ page contentType="application/json; charset=UTF-8" trimDirectiveWhitespaces="true" %><%@ include file="WEB-INF/reader.jspf" %><%
  response.setHeader("Cache-Control", "no-store");
  try {
    out.print("{\"installations\":" + query("SELECT COUNT(*) FROM installation") + "}");
  } catch (Unreadable e) {
    response.setStatus(503);
    out.print("{\"error\":" + json(e.getMessage()) + "}");
  }
%>
