/** A cluster for `zeta lab up`: three forwarders, two chains of three, and the balancer in front of the lab's web servers. */
import { defineLab } from "zeta/runtime";

export default defineLab({
  forwarders: 3,
  chains: [3, 3],
  clients: 1,
  servers: 2,
  // Each packet of a connection by the next forwarder: none of them needs to have seen the ones before.
  spread: "packets",
  services: [
    {
      source: "service.ts",
      name: "four",
      config: {
        service: { listen: ["10.1.0.1:80/tcp"] },
        balancer: { backends: ["10.2.1.1:80", "10.2.2.1:80"] },
      },
    },
    {
      source: "service.ts",
      name: "six",
      config: {
        service: { listen: ["[2001:db8:1::1]:80/tcp"] },
        balancer: { backends: ["[2001:db8:2:1::1]:80", "[2001:db8:2:2::1]:80"] },
      },
    },
  ],
});
