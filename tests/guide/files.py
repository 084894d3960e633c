#!/usr/bin/python3
"""files.py CHECK ARGUMENT...: what is written in YAML and JSON for others to run is well-formed and says what the guide promises.

    compose FILE SERVICE...       the services are there, with what they include, build from and mount
    says COMPOSE GUIDE LINE       the line of the guide's compose file holds in ours
    publishes COMPOSE SERVICE PORT
    collector|ecs|cloud-run|render|railway|workflows SOURCE
"""
import json
import re
import sys
from pathlib import Path

import yaml

SECRETS = {"DATABASE_PASSWORD", "DATABASE_SERVICE_KEY", "DATABASE_JWT_SECRET", "SECRET_KEY", "OPENAI_API_KEY", "UPSTASH_REDIS_REST_TOKEN"}
GUIDE = SECRETS - {"DATABASE_PASSWORD"} | {"ENVIRONMENT", "LOG_LEVEL", "DATABASE_URL", "DATABASE_PUBLIC_KEY", "UPSTASH_REDIS_REST_URL"}


def need(holds, sentence):
    if not holds:
        sys.exit(sentence)


def load(path):
    return yaml.safe_load(Path(path).read_text())


def compose_of(path):
    """The file with what it includes, each service with the folder that its paths are relative to."""
    path = Path(path)
    document = load(path)
    services = {name: (service, path.parent) for name, service in document.get("services", {}).items()}
    for included in document.get("include", []):
        services.update(compose_of(path.parent / included))
    return services


def compose(path, *names):
    services = compose_of(path)
    for name in names or services:
        need(name in services, f"{path}: there is no service {name}")
        service, folder = services[name]
        need("image" in service or "build" in service, f"{name}: neither image nor build")
        if "build" in service:
            context = (folder / service["build"]["context"]).resolve()
            need((context / service["build"]["dockerfile"]).is_file(), f"{name}: no such Dockerfile")
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            need(not source.startswith(".") or (folder / source).is_file(), f"{name}: {source} is not there")
        for other in service.get("depends_on", []):
            need(other in services, f"{name}: depends on {other}, which is not there")
    if "otel-collector" in names:
        check_collector(services["otel-collector"][1] / "otel-collector.yaml", services)


def check_collector(path, services):
    """Every exporter is one that collectors know today, every pipeline is of what is defined, and traces go to a service of ours."""
    config = load(path)
    known = {"receivers": {"otlp"}, "processors": {"memory_limiter", "batch"}, "exporters": {"otlp_grpc", "otlp_http", "debug"}, "extensions": {"health_check"}}
    for kind, types in known.items():
        for name in config[kind]:
            need(name.split("/")[0] in types, f"{path}: {kind}: {name} is not one that the collector has")
    for name, pipeline in config["service"]["pipelines"].items():
        need(name.split("/")[0] in {"traces", "metrics", "logs"}, f"{path}: there is no pipeline of {name}")
        for kind in ("receivers", "processors", "exporters"):
            for part in pipeline[kind]:
                need(part in config[kind], f"{path}: {name} has {part}, which is not defined")
    jaeger = config["exporters"]["otlp_grpc/jaeger"]["endpoint"]
    need(jaeger.split(":")[0] in services and jaeger.endswith(":4317"), f"{path}: traces go to {jaeger}")
    need("otlp_grpc/jaeger" in config["service"]["pipelines"]["traces"]["exporters"], f"{path}: no traces go to Jaeger")


def says(path, guide, line):
    """The keys and values on the way to this line of the guide's file are in ours, where paths are relative to docker/."""
    text = Path(guide).read_text().splitlines()
    line = int(line) - 1
    first = max(i for i in range(line) if text[i].startswith("```yaml")) + 1
    want = text[line].strip()
    ours = load(path)
    if want.startswith("version:"):
        return  # Compose reads none any more, and says so when there is one
    keys, indent = [], len(text[line]) - len(text[line].lstrip())
    for i in range(line - 1, first - 1, -1):
        at = len(text[i]) - len(text[i].lstrip())
        if text[i].strip() and at < indent:
            keys.insert(0, text[i].strip().rstrip(":"))
            indent = at
    node = ours
    for key in keys:
        need(key in node, f"{path} has no {'.'.join(keys)}")
        node = node[key]
    if want.startswith("- "):
        item = yaml.safe_load(want[2:])
        if item == ".env":  # required only where the service itself is started
            need(any(isinstance(e, dict) and e["path"] == "../.env" for e in node), f"{path} does not read .env")
        else:
            need(item in node, f"{path}: {'.'.join(keys)} has no {item}")
        return
    (key, value), = yaml.safe_load(want).items()
    need(key in node, f"{path}: {'.'.join(keys)} has no {key}")
    if key == "context":
        need((Path(path).parent / node[key]).resolve() == Path(path).parent.parent.resolve(), f"{path}: the context is {node[key]}")
    else:
        need(value is None or node[key] == value, f"{path}: {key} is {node[key]} and not {value}")


def publishes(path, service, port):
    ports = compose_of(path)[service][0]["ports"]
    need(any(p.split(":")[-2:] == [port, port] for p in ports), f"{service} does not publish {port}: {ports}")


def check_environment(where, plain, secret):
    """Plain values hold no secret, and every variable of the guide is there."""
    need(not SECRETS & set(plain), f"{where}: a value stands in the file for {SECRETS & set(plain)}")
    need(GUIDE <= set(plain) | set(secret), f"{where}: lacks {GUIDE - set(plain) - set(secret)}")
    for name, value in plain.items():
        need(not re.search(r"sb_secret_|eyJ|sk-[A-Za-z0-9]{8}|[0-9a-f]{32}", str(value)), f"{where}: {name} looks like a secret")


def ecs(source):
    task = json.loads((Path(source) / "deploy/ecs-task-definition.json").read_text())
    container, = task["containerDefinitions"]
    need(container["readonlyRootFilesystem"] and container["user"] == "10001:10001", "ECS: not as the image is meant to be run")
    need(container["portMappings"][0]["containerPort"] == 8080, "ECS: another port")
    need("http://localhost:8080/health" in " ".join(container["healthCheck"]["command"]), "ECS: another health check")
    environment = {e["name"]: e["value"] for e in container["environment"]}
    check_environment("ECS", environment, [s["name"] for s in container["secrets"]])
    need(int(environment["TRIPSAGE_SHUTDOWN_DELAY"]) + 10 < container["stopTimeout"], "ECS: killed before it has ended")
    need({m["sourceVolume"] for m in container["mountPoints"]} == {v["name"] for v in task["volumes"]}, "ECS: a volume that is none")


def cloud_run(source):
    service = load(Path(source) / "deploy/cloud-run.yaml")
    container, = service["spec"]["template"]["spec"]["containers"]
    need(container["ports"][0]["containerPort"] == 8080, "Cloud Run: another port")
    need(container["startupProbe"]["httpGet"]["path"] == "/health/ready", "Cloud Run: another health check")
    need(container["livenessProbe"]["httpGet"]["path"] == "/health/live", "Cloud Run: another health check")
    check_environment("Cloud Run", {e["name"]: e["value"] for e in container["env"] if "value" in e},
                      [e["name"] for e in container["env"] if "valueFrom" in e])


def render(source):
    service, = load(Path(source) / "render.yaml")["services"]
    need((Path(source) / service["dockerfilePath"]).is_file(), "Render: no such Dockerfile")
    need(service["healthCheckPath"] == "/health/ready", "Render: another health check")
    need(service["branch"] == "main", "Render: deploys another branch")
    environment = {e["key"]: e["value"] for e in service["envVars"] if "value" in e}
    check_environment("Render", environment, [e["key"] for e in service["envVars"] if e.get("sync") is False])
    need(int(environment["TRIPSAGE_SHUTDOWN_DELAY"]) + 10 < service["maxShutdownDelaySeconds"], "Render: killed before it has ended")


def railway(source):
    config = json.loads((Path(source) / "railway.json").read_text())
    need((Path(source) / config["build"]["dockerfilePath"]).is_file(), "Railway: no such Dockerfile")
    need(config["deploy"]["healthcheckPath"] == "/health/ready", "Railway: another health check")
    need(config["deploy"]["drainingSeconds"] > 10, "Railway: killed before it has ended")


def collector(source):
    check_collector(Path(source) / "docker/otel-collector.yaml", compose_of(Path(source) / "docker-compose.yml"))


def workflows(source):
    """Every step is a script of ours that can be run, or an action by its version; nothing that others write gets into a shell's text."""
    ran = set()
    for path in sorted((Path(source) / ".github/workflows").glob("*.yml")):
        workflow = load(path)
        need("permissions" in workflow, f"{path}: has every permission")
        for name, job in workflow["jobs"].items():
            for other in [job.get("needs", [])] if isinstance(job.get("needs"), str) else job.get("needs", []):
                need(other in workflow["jobs"], f"{path}: {name} needs {other}")
            if "uses" in job:
                need((Path(source) / job["uses"]).is_file(), f"{path}: there is no {job['uses']}")
                continue
            need("timeout-minutes" in job, f"{path}: {name} may run for ever")
            for step in job["steps"]:
                need("run" in step or re.search(r"@v\d+$", step["uses"]), f"{path}: {step.get('uses')} has no version")
                for expression in re.findall(r"\$\{\{(.*?)\}\}", step.get("run", "")):
                    need(expression.strip().startswith("matrix."), f"{path}: {name} puts {expression} into a command")
                for script in re.findall(r"(?:scripts/ci/[a-z.]+|\.ci/run)", step.get("run", "")):
                    ran.add(script)
                    need((Path(source) / script).stat().st_mode & 0o111, f"{path}: {script} cannot be run")
    ours = {f"scripts/ci/{p.name}" for p in (Path(source) / "scripts/ci").glob("*.sh")}
    need(ours <= ran, f"no workflow runs {ours - ran}")


CHECKS = {"workflows": workflows, "compose": compose, "says": says, "publishes": publishes, "ecs": ecs, "cloud-run": cloud_run, "render": render, "railway": railway, "collector": collector}

if len(sys.argv) < 2 or sys.argv[1] not in CHECKS:
    sys.exit(__doc__)
CHECKS[sys.argv[1]](*sys.argv[2:])
