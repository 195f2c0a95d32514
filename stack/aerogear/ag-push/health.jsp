<%@ page contentType="text/plain; charset=UTF-8" trimDirectiveWhitespaces="true" %><%@ include file="WEB-INF/reader.jspf" %><%
  // Asked every second: reads the table without counting.
  try {
    query("SELECT 1 FROM installation LIMIT 1");
    out.print("ok");
  } catch (Unreadable e) {
    response.setStatus(503);
    out.print(e.getMessage());
  }
%>
