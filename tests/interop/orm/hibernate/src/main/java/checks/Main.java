package checks;

/** pgjdbc by itself and under Hibernate, the same on Tarn and on PostgreSQL. */
public final class Main {
    private Main() {}

    public static void main(String[] args) throws Exception {
        java.util.TimeZone.setDefault(java.util.TimeZone.getTimeZone("UTC"));
        java.util.logging.LogManager.getLogManager().reset();
        new Driver().run();
        new Metadata().run();
        new Hibernate().run();
        System.out.flush();
        System.exit(0);
    }
}
