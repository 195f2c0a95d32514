<%@ page contentType="text/plain; charset=UTF-8" trimDirectiveWhitespaces="true" %><%@ include file="WEB-INF/reader.jspf" %><%
  // Asked every second: reads both systems without counting.
  try {
    Properties settings = settings();
    query(settings, "SELECT 1 FROM users LIMIT 1");
    entries(settings, true);
    out.print("ok");
  } catch (Unreadable e) {
    response.setStatus(503);
    out.print(e.getMessage());
  }
%>
